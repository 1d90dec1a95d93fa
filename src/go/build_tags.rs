//! Which files a compiler for this machine takes.

const SYSTEMS: [&str; 18] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

const PROCESSORS: [&str; 17] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
    "riscv64", "s390x", "sparc64", "wasm", "armbe", "ppc",
];

fn host_system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn host_processor() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Whether `_linux`, `_amd64` or `_linux_amd64` at the end of a file's name, where they stand, mean this machine.
pub(super) fn name_fits(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".go").unwrap_or(name);
    let name = name.strip_suffix("_test").unwrap_or(name);
    // What stands before the first underscore is never a constraint.
    let mut parts = name.split('_').skip(1).collect::<Vec<_>>();
    let last = parts.pop().unwrap_or("");
    if PROCESSORS.contains(&last) {
        let system = parts.pop().filter(|part| SYSTEMS.contains(part));
        return last == host_processor() && system.is_none_or(|system| system == host_system());
    }
    !SYSTEMS.contains(&last) || last == host_system()
}

/// Whether the constraints before the package clause hold. A `//go:build` line overrules the older form.
pub(super) fn constraints_hold(head: &str) -> bool {
    let lines = || head.lines().map(str::trim);
    if let Some(expression) = lines().find_map(|line| line.strip_prefix("//go:build ")) {
        return Expression::new(expression).any();
    }
    lines()
        .filter_map(|line| line.strip_prefix("//")?.trim_start().strip_prefix("+build "))
        .all(|options| options.split_whitespace().any(older_option_holds))
}

/// `linux,!cgo`: all of it.
fn older_option_holds(option: &str) -> bool {
    option.split(',').all(|term| match term.strip_prefix('!') {
        Some(tag) => !tag_holds(tag),
        None => tag_holds(term),
    })
}

fn tag_holds(tag: &str) -> bool {
    let unix = !matches!(host_system(), "windows" | "plan9" | "js" | "wasip1");
    match tag {
        "cgo" | "gc" => true,
        "unix" => unix,
        _ => tag == host_system() || tag == host_processor() || tag.starts_with("go1."),
    }
}

/// `a && (b || !c)`, read while it is judged.
struct Expression<'a> {
    rest: &'a str,
    /// How many parentheses and negations may still be opened; what nests deeper holds nothing.
    depth: u32,
}

impl<'a> Expression<'a> {
    fn new(text: &'a str) -> Self {
        Expression {
            rest: text.trim_start(),
            depth: 100,
        }
    }

    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else {
            return false;
        };
        self.rest = rest.trim_start();
        true
    }

    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.take("||") {
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.term();
        while self.take("&&") {
            holds &= self.term();
        }
        holds
    }

    fn inside(&mut self, judge: impl FnOnce(&mut Self) -> bool) -> bool {
        let Some(depth) = self.depth.checked_sub(1) else {
            self.rest = "";
            return false;
        };
        self.depth = depth;
        let holds = judge(self);
        self.depth += 1;
        holds
    }

    fn term(&mut self) -> bool {
        if self.take("!") {
            return self.inside(|inner| !inner.term());
        }
        if self.take("(") {
            return self.inside(|inner| {
                let holds = inner.any();
                inner.take(")");
                holds
            });
        }
        let is_tag = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let length = self.rest.find(|c| !is_tag(c)).unwrap_or(self.rest.len());
        let (tag, rest) = self.rest.split_at(length);
        self.rest = rest.trim_start();
        tag_holds(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_read_as_the_go_command_does() {
        let system = host_system();
        for (head, holds) in [
            ("// Package p.\n\npackage p", true),
            ("//go:build ignore\n\npackage p", false),
            ("//go:build !ignore && (cgo || x)\n\npackage p", true),
            ("//go:build x || (y && z)\n\npackage p", false),
            ("// +build !ignore\n// +build a gc\n\npackage p", true),
            ("// +build cgo,x\n\npackage p", false),
        ] {
            assert_eq!(constraints_hold(head), holds, "{head}");
        }
        assert!(constraints_hold(&format!("//go:build {system}\n")));
        assert!(name_fits("a/b_test.go") && name_fits("linux.go") && name_fits(&format!("x_{system}.go")));
        assert!(!name_fits("x_plan9.go") && !name_fits("x_wasm.go") && name_fits("x_other.go"));
    }
}
