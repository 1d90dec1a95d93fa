//! The HTML page in a real browser: what it shows, that its filter works, that nothing of a repository becomes markup.
//! Skips with one line where Chromium is not installed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::fleet::{CLEAN, FILE, Fleet, ROWS};

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Runs the browser without a window; nothing where there is none.
fn browse(flags: &[&str], url: &str) -> Option<String> {
    let profile = tempfile::tempdir().unwrap();
    let mut ran = BROWSERS.iter().filter_map(|browser| {
        let command = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .args([
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
            ])
            .args(["--disable-sync", "--disable-quic"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(flags)
            .arg(url)
            .stdin(Stdio::null())
            .output();
        command.ok()
    });
    let Some(output) = ran.next() else {
        assert!(
            std::env::var_os("UNLEAK_REQUIRE_BROWSER").is_none(),
            "there is no Chromium"
        );
        crate::support::go::tell("skipped: Chromium is not on this machine, the page was not looked at");
        return None;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The page as it stands after its script ran.
fn seen(page: &Path, hash: &str) -> Option<String> {
    let url = format!("file://{}#{hash}", page.display());
    browse(&["--dump-dom", "--virtual-time-budget=2000"], &url)
}

/// The paths of the findings that the page shows.
fn shown(dom: &str) -> Vec<String> {
    let findings = dom.split("<details class=\"finding\"").skip(1);
    let visible = findings.filter(|finding| !finding[..finding.find('>').unwrap()].contains("hidden"));
    let path = |finding: &str| {
        let rest = finding.split_once("<span class=\"path\">").unwrap().1;
        rest.split_once('<').unwrap().0.to_owned()
    };
    visible.map(path).collect()
}

fn fleet() -> Fleet {
    let mut fleet = Fleet::new();
    fleet.add("app", &[("store/names.go", ROWS), ("store/size.go", FILE)]);
    fleet.add("clean", &[("add.go", CLEAN)]);
    let odd = ROWS.replace(
        "var names []string",
        "var names []string // <img src=x onerror=\"document.title='owned'\"></script>\u{1b}[2J\u{9b}\u{202e}",
    );
    fleet.add("odd", &[("s<b>/names.go", &odd)]);
    let kept = FILE.replace(
        "info, err := file.Stat()",
        "Kept = file\n\tinfo, err := file.Stat()",
    );
    fleet.add(
        "kept",
        &[("store/size.go", &format!("{kept}\nvar Kept *os.File\n"))],
    );
    let manifest = fleet.manifest();
    fleet
        .run(&["plan", manifest.to_str().unwrap(), "--out", "c"])
        .expect(0, &[]);
    fleet
}

#[test]
fn the_page_filters_and_searches_without_network() {
    let fleet = fleet();
    let page = fleet.path().join("c/report/index.html");
    let text = fs::read_to_string(&page).unwrap();
    for reference in [
        "src=",
        "href=",
        "@import",
        "url(",
        "fetch(",
        "XMLHttpRequest",
        "http://",
        "https://",
    ] {
        let of_ours = text.replace("&lt;img src=x", "");
        assert!(!of_ours.contains(reference), "the page holds {reference}");
    }
    assert!(text.contains("default-src 'none'"));
    let Some(dom) = seen(&page, "") else { return };
    assert!(dom.contains("role=\"status\">3 findings<"), "{dom}");
    assert_eq!(shown(&dom).len(), 3);
    assert!(dom.contains("class=\"bar\"") && dom.contains("style=\"width:100.00%\""));
    let dom = seen(&page, "q=size.go+app.git").unwrap();
    assert!(dom.contains(">1 of 3 findings<"), "{dom}");
    assert_eq!(shown(&dom), ["store/size.go:6"]);
    let dom = seen(&page, "rule=unclosed-rows").unwrap();
    assert_eq!(shown(&dom), ["store/names.go:7", "s&lt;b&gt;/names.go:7"]);
    let dom = seen(&page, "q=nothing-is-called-so").unwrap();
    assert!(dom.contains(">0 of 3 findings<") && shown(&dom).is_empty());
    let dom = seen(&page, "q=defer+rows.Close").unwrap();
    assert_eq!(shown(&dom).len(), 2, "diffs are searched, too");
}

#[test]
fn nothing_of_a_repository_becomes_markup() {
    let fleet = fleet();
    let report = fleet.path().join("c/report");
    for name in ["index.html", "findings.csv", "results.jsonl", "summary.md"] {
        let text = fs::read_to_string(report.join(name)).unwrap();
        let harmful = |char: &char| unleak::text::misleads(*char) && *char != '\n';
        assert_eq!(text.chars().find(harmful), None, "{name}");
    }
    let page = report.join("index.html");
    let text = fs::read_to_string(&page).unwrap();
    let odd = text.find("&lt;img").expect("the comment is in a diff");
    let odd: String = text[odd..].chars().take(160).collect();
    assert!(odd.contains(r"\u{1b}[2J\u{9b}\u{202e}"), "{odd}");
    let Some(dom) = seen(&page, "") else { return };
    assert!(!dom.contains("<img") && !dom.contains("<b>/names"), "{dom}");
    assert!(dom.contains("<title>unleak: leaks</title>"));
    let picture = fleet.path().join("page.png");
    let shot = format!("--screenshot={}", picture.display());
    browse(
        &[&shot, "--window-size=1300,1000"],
        &format!("file://{}", page.display()),
    );
    // A blank page of this size is a tenth of it.
    assert!(fs::metadata(&picture).unwrap().len() > 30_000);
}
