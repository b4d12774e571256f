//! Texts with a meaning: addresses, domains, URLs, paths, times, durations.
