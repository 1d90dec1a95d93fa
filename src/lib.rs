pub mod config;
pub mod go;
pub mod text;
pub mod transform;
