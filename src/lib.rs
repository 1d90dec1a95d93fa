pub mod config;
pub mod go;
pub mod review;
pub mod text;
pub mod transform;
