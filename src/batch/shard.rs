//! A part of a campaign for one machine: which repositories are in it follows from their names alone.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Shard `index` of `count`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    pub index: u32,
    pub count: u32,
}

impl Shard {
    pub fn new(index: u32, count: u32) -> Result<Shard> {
        if index == 0 || index > count {
            bail!("there is no shard {index} of {count}; shards are counted from 1");
        }
        Ok(Shard { index, count })
    }

    /// Whether the repository belongs to this shard. Every name belongs to exactly one.
    pub fn holds(self, name: &str) -> bool {
        let digest = Sha256::digest(name.as_bytes());
        let first = digest.iter().take(8);
        let number = first.fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.count) == u64::from(self.index - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Shard> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            let index: u32 = index.trim().parse().ok()?;
            Some((index, count.trim().parse().ok()?))
        });
        let (index, count) = numbers.with_context(|| format!("`{text}` is no shard; write 3/8, or auto"))?;
        Shard::new(index, count)
    }
}

/// How an engine numbers its parallel tasks.
struct Engine {
    name: &'static str,
    index: &'static str,
    first: u32,
    /// Variables of which the first that is set holds the number of tasks.
    counts: &'static [&'static str],
}

/// What Kubernetes does not say (`completions`), the job's file must: `UNLEAK_SHARD_COUNT`.
const COUNT: &str = "UNLEAK_SHARD_COUNT";

const ENGINES: [Engine; 8] = [
    Engine {
        name: "the environment",
        index: "UNLEAK_SHARD_INDEX",
        first: 1,
        counts: &[COUNT],
    },
    Engine {
        name: "Kubernetes",
        index: "JOB_COMPLETION_INDEX",
        first: 0,
        counts: &[COUNT],
    },
    Engine {
        name: "Slurm",
        index: "SLURM_ARRAY_TASK_ID",
        first: 1,
        counts: &[COUNT, "SLURM_ARRAY_TASK_COUNT"],
    },
    Engine {
        name: "GitLab CI",
        index: "CI_NODE_INDEX",
        first: 1,
        counts: &["CI_NODE_TOTAL"],
    },
    Engine {
        name: "CircleCI",
        index: "CIRCLE_NODE_INDEX",
        first: 0,
        counts: &["CIRCLE_NODE_TOTAL"],
    },
    Engine {
        name: "Buildkite",
        index: "BUILDKITE_PARALLEL_JOB",
        first: 0,
        counts: &["BUILDKITE_PARALLEL_JOB_COUNT"],
    },
    Engine {
        name: "Azure Pipelines",
        index: "SYSTEM_JOBPOSITIONINPHASE",
        first: 1,
        counts: &["SYSTEM_TOTALJOBSINPHASE"],
    },
    Engine {
        name: "Cloud Run",
        index: "CLOUD_RUN_TASK_INDEX",
        first: 0,
        counts: &["CLOUD_RUN_TASK_COUNT"],
    },
];

/// The shard that the engine around us gave to this task, and a sentence on where it was read. Nothing set is an
/// error: a task that took everything would do the work of all others again.
pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Result<(Shard, String)> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let mut found: Vec<(Shard, String)> = Vec::new();
    for engine in &ENGINES {
        if let Some(index) = variable(engine.index) {
            found.push(engine.shard(&index, &variable)?);
            // Ours is there to settle what the others say.
            if engine.index == ENGINES[0].index {
                break;
            }
        }
    }
    let Some(first) = found.first().cloned() else {
        bail!(
            "--shard auto found no variables of Kubernetes, Slurm or a CI system; write --shard i/n, or set \
             UNLEAK_SHARD_INDEX (from 1) and {COUNT}"
        );
    };
    if let Some((_, other)) = found.iter().find(|(shard, _)| *shard != first.0) {
        bail!(
            "--shard auto found two answers: {}; {other}; write --shard i/n",
            first.1
        );
    }
    Ok(first)
}

impl Engine {
    fn shard(&self, index: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<(Shard, String)> {
        let count = self.counts.iter().find_map(|name| Some((*name, variable(name)?)));
        let Some((count_name, count)) = count else {
            let missing = self.counts.join(" nor ");
            bail!("{} is set, but {missing} is not", self.index);
        };
        let number = |name: &str, text: &str| {
            let parsed = text.parse::<u32>();
            parsed.with_context(|| format!("{name} is `{text}`, which is no number"))
        };
        let (index, count) = (number(self.index, index)?, number(count_name, &count)?);
        if count_name == "SLURM_ARRAY_TASK_COUNT" {
            check_slurm(count, variable)?;
        }
        let shard = Shard::new((index + 1).saturating_sub(self.first), count)
            .with_context(|| format!("{}={index}, {count_name}={count}", self.index))?;
        let told = format!(
            "shard {shard}, from {} ({}={index}, {count_name}={count})",
            self.name, self.index
        );
        Ok((shard, told))
    }
}

/// An array like `3,7`, as people submit to repeat failed tasks, has a count of its own: its tasks would
/// take other shares than before.
fn check_slurm(count: u32, variable: &impl Fn(&str) -> Option<String>) -> Result<()> {
    let bound = |name: &str| variable(name).and_then(|text| text.parse::<u32>().ok());
    let whole = bound("SLURM_ARRAY_TASK_MIN") == Some(1) && bound("SLURM_ARRAY_TASK_MAX") == Some(count);
    if !whole {
        bail!("this Slurm array is not 1-{count}, so its size says nothing about the shards; set {COUNT}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(variables: &[(&str, &str)]) -> Result<(Shard, String)> {
        detect(|name| {
            let set = variables.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_name_is_in_exactly_one_shard() {
        for count in 1..9 {
            for name in (0..100).map(|number| format!("h.io/owner/repo{number}")) {
                let holding = (1..=count).filter(|index| Shard { index: *index, count }.holds(&name));
                assert_eq!(holding.count(), 1);
            }
        }
        // Written down, since machines of different versions must agree.
        assert!(Shard { index: 5, count: 8 }.holds("github.com/gofiber/recipes"));
    }

    #[test]
    fn shards_count_from_one() {
        assert_eq!("3/8".parse::<Shard>().unwrap(), Shard { index: 3, count: 8 });
        for text in ["0/8", "9/8", "x", "1/0", "3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn engines_say_which_shard_and_the_answer_says_which_engine() {
        let (shard, told) = detected(&[("JOB_COMPLETION_INDEX", "0"), ("UNLEAK_SHARD_COUNT", "4")]).unwrap();
        assert_eq!(shard, Shard { index: 1, count: 4 });
        assert_eq!(
            told,
            "shard 1/4, from Kubernetes (JOB_COMPLETION_INDEX=0, UNLEAK_SHARD_COUNT=4)"
        );
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "3"),
            ("SLURM_ARRAY_TASK_COUNT", "8"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_MAX", "8"),
        ];
        assert_eq!(detected(&slurm).unwrap().0, Shard { index: 3, count: 8 });
        let gitlab = [("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "2")];
        assert_eq!(detected(&gitlab).unwrap().0, Shard { index: 2, count: 2 });
    }

    #[test]
    fn what_is_missing_or_doubtful_is_an_error() {
        let sparse = [
            ("SLURM_ARRAY_TASK_ID", "3"),
            ("SLURM_ARRAY_TASK_COUNT", "1"),
            ("SLURM_ARRAY_TASK_MIN", "3"),
            ("SLURM_ARRAY_TASK_MAX", "3"),
        ];
        let two = [
            ("CI_NODE_INDEX", "1"),
            ("CI_NODE_TOTAL", "2"),
            ("CIRCLE_NODE_INDEX", "1"),
            ("CIRCLE_NODE_TOTAL", "2"),
        ];
        for variables in [&[][..], &[("JOB_COMPLETION_INDEX", "0")], &sparse, &two] {
            assert!(detected(variables).is_err(), "{variables:?}");
        }
        let settled = [("UNLEAK_SHARD_INDEX", "2"), ("UNLEAK_SHARD_COUNT", "2")];
        assert_eq!(
            detected(&[&settled[..], &two].concat()).unwrap().0,
            Shard { index: 2, count: 2 }
        );
    }
}
