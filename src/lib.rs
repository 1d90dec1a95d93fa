pub mod config;
pub mod fiber;
pub mod go;
pub mod leak;
pub mod review;
pub mod rewrite;
pub mod text;
pub mod transform;
