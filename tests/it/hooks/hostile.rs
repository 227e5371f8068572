//! Every component that misbehaves is answered by its binding's failure mode,
//! in time, and the next call is as good as ever.
