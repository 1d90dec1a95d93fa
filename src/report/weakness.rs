//! Which entry of the Common Weakness Enumeration a rule is about.

use crate::transform::{Family, Rule};

/// An entry of CWE.
#[derive(Debug, PartialEq, Eq)]
pub struct Weakness {
    pub number: u16,
    pub name: &'static str,
}

/// All that leaks are, in the order of their numbers.
pub static WEAKNESSES: [Weakness; 5] = [
    Weakness {
        number: 400,
        name: "Uncontrolled Resource Consumption",
    },
    Weakness {
        number: 401,
        name: "Missing Release of Memory after Effective Lifetime",
    },
    Weakness {
        number: 404,
        name: "Improper Resource Shutdown or Release",
    },
    Weakness {
        number: 772,
        name: "Missing Release of Resource after Effective Lifetime",
    },
    Weakness {
        number: 775,
        name: "Missing Release of File Descriptor or Handle after Effective Lifetime",
    },
];

/// The index in [`WEAKNESSES`] of what the rule is about; none where it is about something else than a leak, as about
/// memory that two requests hold.
pub fn weakness_of(rule: &Rule) -> Option<usize> {
    let number = number_of(&rule.slug, rule.family)?;
    WEAKNESSES.iter().position(|weakness| weakness.number == number)
}

fn number_of(slug: &str, family: Family) -> Option<u16> {
    let number = match slug {
        "unclosed-file"
        | "unclosed-upload"
        | "unclosed-socket"
        | "unclosed-websocket"
        | "unclosed-response-body"
        | "unclosed-streamed-response" => 775,
        // Released, but late; or what is lost is not the resource but its last words.
        "defer-in-loop"
        | "cancel-in-loop"
        | "unclosed-writer"
        | "unended-span"
        | "cleanup-in-close-handler"
        | "ticker-stopped-before-stream" => 404,
        "context-after-handler" | "kept-request-memory" | "request-context-parent" => return None,
        _ => match family {
            Family::Release | Family::Timer | Family::Cancel => 772,
            Family::Pool | Family::Goroutine | Family::Channel => 400,
            Family::Retain => 401,
            Family::Syncpool => return None,
        },
    };
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_listed_and_the_names_of_rules_are_known() {
        let config = crate::config::Config::default();
        let rules: Vec<_> = crate::transforms::suite()
            .iter()
            .flat_map(|transform| transform.rules(&config))
            .collect();
        for rule in &rules {
            let number = number_of(&rule.slug, rule.family);
            assert_eq!(number.is_some(), weakness_of(rule).is_some(), "{}", rule.slug);
        }
        let without = rules.iter().filter(|rule| weakness_of(rule).is_none());
        let without: Vec<&str> = without.map(|rule| &*rule.slug).collect();
        assert_eq!(
            without,
            [
                "pooled-body",
                "pooled-result",
                "double-put",
                "escaped-put",
                "context-after-handler",
                "kept-request-memory",
                "request-context-parent"
            ]
        );
        let named = ["unclosed-file", "defer-in-loop", "ticker-stopped-before-stream"];
        assert!(
            named
                .iter()
                .all(|slug| rules.iter().any(|rule| &*rule.slug == *slug))
        );
    }
}
