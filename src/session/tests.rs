//! How the session learns, told frame by frame.
