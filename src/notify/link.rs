//! The address under which people reach this server: from the settings alone.
//!
//! A request's `Host` header is chosen by whoever sent it, so no link is ever made of one.

use reqwest::Url;

/// The configured public address, such as `https://fence.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

/// Why a text is no public address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write `https://HOST` or `https://HOST/PATH`, without an account, a query or a fragment")]
pub struct NotPublicUrl;

impl PublicUrl {
    /// Reads an address: http or https, a host, perhaps a path.
    ///
    /// # Errors
    /// [`NotPublicUrl`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NotPublicUrl> {
        let mut url = Url::parse(text).map_err(|_| NotPublicUrl)?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !plain || !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(NotPublicUrl);
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }

    /// The page on which this request is shown and answered.
    #[must_use]
    pub fn request(&self, id: &str) -> String {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("requests").push(id);
        }
        url.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_made_of_the_configured_address() {
        let cases = [
            ("https://fence.example.com", "https://fence.example.com/requests/r_1"),
            ("https://fence.example.com/", "https://fence.example.com/requests/r_1"),
            ("http://10.0.0.7:7480/fence", "http://10.0.0.7:7480/fence/requests/r_1"),
        ];
        for (base, expected) in cases {
            assert_eq!(PublicUrl::parse(base).unwrap().request("r_1"), expected);
        }
        let odd = PublicUrl::parse("https://f.example").unwrap().request("../a?b#c");
        assert_eq!(odd, "https://f.example/requests/..%2Fa%3Fb%23c");
    }

    #[test]
    fn what_is_no_public_address_is_refused() {
        for text in [
            "",
            "fence.example.com",
            "javascript:alert(1)",
            "https://u:p@f.example",
            "https://f.example/?next=x",
            "https://f.example/#x",
            "file:///etc/passwd",
        ] {
            assert_eq!(PublicUrl::parse(text), Err(NotPublicUrl), "{text}");
        }
    }
}
