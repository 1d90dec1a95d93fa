//! Floor 2: lifetimes. Which code runs per request, what is released on every path, what escapes. Which
//! functions acquire and release is table data and no business of this floor.

pub mod request;
