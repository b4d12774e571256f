//! The pest grammar of the `.fence` language.
