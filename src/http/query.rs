//! What follows the `?`: known names alone, and problem details where there are others.

use super::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use fence_engine::show::printable;
use serde::de::DeserializeOwned;

/// The query of a URL in a known shape.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        let wrong = |error: axum::extract::rejection::QueryRejection| {
            Problem::bad_request(printable(&error.body_text(), 300))
        };
        query.map(|query| Self(query.0)).map_err(wrong)
    }
}
