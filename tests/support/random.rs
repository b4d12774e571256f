//! Policies and calls made at random.
