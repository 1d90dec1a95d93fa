//! Major versions in import paths: `github.com/gin-gonic/gin/v2/binding` is version 2 of what begins with
//! `github.com/gin-gonic/gin`, and in it the package `/binding`.

/// An import path of a module, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Major<'p> {
    pub number: u32,
    /// What follows the module's path: empty, or `/` and more.
    pub below: &'p str,
}

impl<'p> Major<'p> {
    /// `path` as one of the module whose first version is `first`; `None` where it is of another.
    pub fn of(path: &'p str, first: &str) -> Option<Self> {
        let rest = path.strip_prefix(first)?;
        let elements = match rest.strip_prefix('/') {
            None if rest.is_empty() => return Some(Major { number: 1, below: "" }),
            // `ginx` begins like `gin`.
            None => return None,
            Some(elements) => elements,
        };
        let end = elements.find('/').unwrap_or(elements.len());
        let (head, below) = elements.split_at(end);
        Some(match number(head) {
            Some(number) => Major { number, below },
            None => Major {
                number: 1,
                below: rest,
            },
        })
    }
}

/// `2` of `v2`. Go writes no `v1` into paths, and no leading zero.
fn number(element: &str) -> Option<u32> {
    let digits = element.strip_prefix('v')?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|number| is_plain && *number > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let of = |path| Major::of(path, "example.com/web").map(|major| (major.number, major.below));
        assert_eq!(of("example.com/web"), Some((1, "")));
        assert_eq!(of("example.com/web/v3"), Some((3, "")));
        assert_eq!(of("example.com/web/v12/mid/cors"), Some((12, "/mid/cors")));
        assert_eq!(of("example.com/web/mid"), Some((1, "/mid")));
        assert_eq!(of("example.com/web/v1"), Some((1, "/v1")));
        assert_eq!(of("example.com/web/v02"), Some((1, "/v02")));
        assert_eq!(of("example.com/webhook"), None);
        assert_eq!(of("example.com/other"), None);
    }
}
