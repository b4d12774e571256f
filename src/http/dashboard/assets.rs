//! Style sheet, script and icon, compiled in.

/// One file, as it is sent.
pub struct Asset {
    /// Where it is found.
    pub path: &'static str,
    /// Its content type.
    pub kind: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The style sheet.
pub const STYLE: Asset = Asset {
    path: "/assets/dashboard.css",
    kind: "text/css; charset=utf-8",
    text: include_str!("dashboard.css"),
};

/// The script: live updates, countdowns, keys. The pages work without it.
pub const SCRIPT: Asset = Asset {
    path: "/assets/dashboard.js",
    kind: "text/javascript; charset=utf-8",
    text: include_str!("dashboard.js"),
};

/// The icon.
pub const ICON: Asset =
    Asset { path: "/assets/icon.svg", kind: "image/svg+xml", text: include_str!("icon.svg") };

/// All of them.
pub const ALL: [Asset; 3] = [STYLE, SCRIPT, ICON];
