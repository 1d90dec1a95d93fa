//! The shipped Slurm file on a real Slurm: one node, its own daemons, no other machine needed. Skips with one line
//! where Slurm (Debian: slurm-wlm) is not installed or the test is not run by root, as slurmd wants it.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::fleet::{Fleet, product};
use crate::support::wait::until;

/// A cluster of one node that ends with the test.
struct Slurm<'a> {
    folder: &'a Path,
    daemons: Vec<Child>,
}

impl Drop for Slurm<'_> {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl<'a> Slurm<'a> {
    /// Nothing where it cannot run here.
    fn start(folder: &'a Path) -> Option<Self> {
        let is_root = said(Command::new("id").arg("-u"))? == "0";
        // Without a config they complain; that they start is enough.
        let starts = |program: &&str| Command::new(program).arg("-V").output().is_ok();
        let is_there = ["slurmctld", "slurmd", "sbatch"].iter().all(starts);
        if !is_root || !is_there {
            return None;
        }
        let host = said(Command::new("hostname").arg("-s"))?;
        let at = folder.display();
        for part in ["state", "spool"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        let config = format!(
            "ClusterName=unleak\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={}\nSlurmdPort={}\nAuthType=auth/none\n\
             CredType=cred/none\nSlurmUser=root\nSlurmdUser=root\nStateSaveLocation={at}/state\n\
             SlurmdSpoolDir={at}/spool\nSlurmctldPidFile={at}/ctld.pid\nSlurmdPidFile={at}/d.pid\n\
             SlurmctldLogFile={at}/ctld.log\nSlurmdLogFile={at}/d.log\nProctrackType=proctrack/pgid\n\
             TaskPlugin=task/none\nSelectType=select/cons_tres\nSelectTypeParameters=CR_Core\nMpiDefault=none\n\
             ReturnToService=2\nSchedulerParameters=sched_interval=1\nSlurmdParameters=config_overrides\n\
             NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000\n\
             PartitionName=p Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n",
            free_port(),
            free_port()
        );
        fs::write(folder.join("slurm.conf"), config).unwrap();
        let mut slurm = Slurm {
            folder,
            daemons: Vec::new(),
        };
        for program in ["slurmctld", "slurmd"] {
            let mut command = slurm.command(program);
            let daemon = command
                .arg("-D")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            slurm.daemons.push(daemon.spawn().unwrap());
        }
        let idle = |slurm: &Slurm<'_>| {
            let state = said(slurm.command("sinfo").args(["-h", "-o", "%T"]));
            state.is_some_and(|state| state == "idle")
        };
        slurm.wait("the node is ready", || idle(&slurm));
        Some(slurm)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("SLURM_CONF", self.folder.join("slurm.conf"))
            .current_dir(self.folder);
        command
    }

    /// Waits as long as the daemons write of what they do.
    #[track_caller]
    fn wait(&self, what: &str, is_done: impl Fn() -> bool) {
        let logs = ["ctld.log", "d.log"].map(|log| self.folder.join(log));
        let length = |log| fs::metadata(log).map_or(0, |log| log.len());
        until(what, || logs.iter().map(length).sum(), || is_done().then_some(()));
    }
}

#[test]
fn the_shipped_array_makes_what_one_machine_makes() {
    let fleet = Fleet::with_leaks(9);
    let Some(slurm) = Slurm::start(fleet.path()) else {
        crate::support::go::tell(
            "skipped: Slurm is not on this machine or this is not root, the shipped array was not run",
        );
        return;
    };
    let manifest = fleet.manifest();
    fleet
        .run(&["plan", manifest.to_str().unwrap(), "--out", "one"])
        .expect(0, &[]);
    let out = fleet.path().join("campaign");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/slurm.sbatch");
    let mut submit = slurm.command("sbatch");
    submit.args(["--parsable", "--mem=1G"]).arg(&file);
    submit
        .env("MANIFEST", &manifest)
        .env("OUT", &out)
        .env("UNLEAK", env!("CARGO_BIN_EXE_unleak"));
    let job = said(&mut submit).expect("sbatch takes the file");
    let queue = || said(slurm.command("squeue").args(["-h", "-j", &job])).unwrap_or_default();
    slurm.wait("the array ended", || queue().is_empty());
    let log = fs::read_to_string(fleet.path().join(format!("unleak-{job}_3.log"))).unwrap();
    assert!(
        log.contains("shard 3/8, from Slurm (SLURM_ARRAY_TASK_ID=3, UNLEAK_SHARD_COUNT=8)"),
        "{log}"
    );
    let shards: Vec<String> = (1..=8).map(|index| format!("campaign/shard-{index}")).collect();
    let mut merge = vec!["merge", "--out", "merged"];
    merge.extend(shards.iter().map(String::as_str));
    fleet.run(&merge).expect(0, &["9 of 9 repositories repaired"]);
    assert_eq!(
        product(&fleet.path().join("one")),
        product(&fleet.path().join("merged"))
    );
}
