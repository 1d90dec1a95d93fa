use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use unleak::report::{Checkstyle, Files, Junit, Report};

use super::lines::{assert_harmless, hostile};
use super::scanned;
use crate::support::report::{report, written};

/// An element with its attributes, read back.
struct Element {
    name: String,
    values: BTreeMap<String, String>,
}

impl Element {
    fn value(&self, name: &str) -> &str {
        &self.values[name]
    }
}

/// The elements in the order of their beginnings.
fn elements(xml: &str) -> Vec<Element> {
    assert_harmless(xml);
    let mut reader = Reader::from_str(xml);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) | Event::Empty(start) => {
                let value = |attribute: quick_xml::events::attributes::Attribute<'_>| {
                    let key = attribute.key.as_ref().to_owned();
                    (
                        key,
                        attribute
                            .normalized_value(XmlVersion::Implicit1_0)
                            .unwrap()
                            .into_owned(),
                    )
                };
                found.push(Element {
                    name: start.name().as_ref().to_owned(),
                    values: start
                        .attributes()
                        .map(|attribute| value(attribute.unwrap()))
                        .collect(),
                });
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn named<'e>(elements: &'e [Element], name: &str) -> Vec<&'e Element> {
    elements.iter().filter(|element| element.name == name).collect()
}

#[test]
fn checkstyle_has_errors_by_file() {
    let elements = elements(&scanned("checkstyle"));
    assert_eq!(elements[0].name, "checkstyle");
    assert_eq!(
        (named(&elements, "file").len(), named(&elements, "error").len()),
        (9, 16)
    );
    let errors = named(&elements, "error");
    let file = errors
        .iter()
        .find(|error| error.value("source") == "unleak.unclosed-file")
        .unwrap();
    let values = ["line", "column", "severity", "message"].map(|name| file.value(name));
    assert_eq!(values, ["69", "3", "warning", "`f` is never closed"]);
}

#[test]
fn junit_has_a_failed_test_for_each_finding() {
    let elements = elements(&scanned("junit"));
    let whole = &elements[0];
    let counts = ["tests", "failures", "errors"].map(|name| whole.value(name));
    assert_eq!((&*whole.name, counts), ("testsuites", ["16", "16", "0"]));
    let suites = named(&elements, "testsuite");
    let tests: usize = suites
        .iter()
        .map(|suite| suite.value("tests").parse::<usize>().unwrap())
        .sum();
    assert_eq!(
        (suites.len(), tests, named(&elements, "testcase").len()),
        (9, 16, 16)
    );
    let cases = named(&elements, "testcase");
    let file = cases
        .iter()
        .find(|case| case.value("name") == "unclosed-file (69:3)")
        .unwrap();
    assert_eq!(file.value("classname"), "internal/handlers/handlers.go");
}

#[test]
fn junit_skips_what_is_accepted_and_leaves_out_what_is_repaired() {
    let elements = elements(&written(&Junit, &report()));
    let counts =
        ["tests", "failures", "errors", "skipped"].map(|name| named(&elements, "testsuite")[0].value(name));
    assert_eq!(counts, ["5", "3", "0", "2"]);
    let reasons: Vec<&str> = named(&elements, "skipped")
        .iter()
        .map(|skipped| skipped.value("message"))
        .collect();
    assert_eq!(reasons, ["closed by the caller", ""]);
}

#[test]
fn junit_passes_only_where_everything_was_seen() {
    let mut report = Report::new(Vec::new(), report().diagnostics, Files::default());
    let passed = elements(&written(&Junit, &report));
    let names: Vec<&str> = passed.iter().map(|element| &*element.name).collect();
    assert_eq!(names, ["testsuites", "testsuite", "testcase"]);
    report.is_incomplete = true;
    let xml = written(&Junit, &report);
    let broken = elements(&xml);
    assert_eq!(broken[0].value("errors"), "1");
    assert!(xml.contains(r"bad\u{1b}[2J.go: 1:1: no package clause"), "{xml}");
}

#[test]
fn attributes_hold_text_that_is_markup_elsewhere() {
    for xml in [written(&Checkstyle, &hostile()), written(&Junit, &hostile())] {
        let elements = elements(&xml);
        let holder = elements
            .iter()
            .find(|element| element.values.contains_key("message"))
            .unwrap();
        let message = r#"50% of `a|b\u{202e}`\u{d}\u{a}::set-output name=x::<b>\u{fffe}&""#;
        assert_eq!(holder.value("message"), message);
    }
}
