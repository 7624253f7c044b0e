//! What the fuzz targets check, and the seeds that they begin with.

pub mod seeds;
pub mod targets;
