//! New files of facts are part of the binary: what is included by folder is not noticed otherwise.

fn main() {
    println!("cargo:rerun-if-changed=src/facts/libraries");
}
