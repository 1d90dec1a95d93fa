pub mod go;
pub mod text;
