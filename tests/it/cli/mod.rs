//! The command line as a script meets it: exit codes, JSON keys, configuration, starting and stopping.

mod demo;
mod exit_codes;
mod json;
mod serving;
mod settings;
mod without_a_node;
