//! One program for all tests that use the library or the built command: what is linked once is linked in seconds.

mod apps;
#[cfg(unix)]
mod batch_deploy;
mod batch_page;
mod batch_plan;
mod batch_publish;
mod batch_slurm;
#[cfg(unix)]
mod batch_stop;
mod batch_untrusted;
mod cli;
mod config;
mod drawings;
mod explain;
mod facts;
mod fix;
mod floors;
mod formats;
mod fuzz_repairs;
mod go_build;
mod go_check;
mod go_types;
#[cfg(unix)]
mod interactive;
#[cfg(unix)]
mod interrupted;
mod job;
mod joint;
#[cfg(unix)]
mod journal;
mod patches;
mod pipeline;
mod prove;
mod reach;
mod readme;
mod recursion;
mod report;
mod rules;
mod signatures;
#[cfg(unix)]
mod special_files;
mod support;
mod workspace;
