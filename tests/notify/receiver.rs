//! A real HTTP server that answers by a script and remembers what it got.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One request as it came in.
pub(super) struct Got {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Got {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What to answer.
#[derive(Clone)]
pub(super) enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    Json(String),
    Late(Duration),
    /// Bytes without an end.
    Endless,
}

#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    got: Mutex<Vec<Got>>,
}

impl Receiver {
    /// Answers with these in turn; the last one goes on for ever.
    pub(super) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect());
        let shared = Arc::new(Shared { replies, got: Mutex::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, shared }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(super) fn got<T>(&self, look: impl FnOnce(&[Got]) -> T) -> T {
        look(&self.shared.got.lock().unwrap())
    }

    pub(super) fn count(&self) -> usize {
        self.got(<[Got]>::len)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 8 << 20).await.unwrap();
    let path = parts.uri.to_string();
    shared.got.lock().unwrap().push(Got { path, headers: parts.headers, body });
    let reply = {
        let mut replies = shared.replies.lock().unwrap();
        if replies.len() > 1 { replies.pop_front().unwrap() } else { replies[0].clone() }
    };
    let response = Response::builder();
    match reply {
        Reply::Status(status) => response.status(status).body(Body::empty()).unwrap(),
        Reply::With(status, header, value) => {
            response.status(status).header(header, value).body(Body::empty()).unwrap()
        }
        Reply::Json(text) => response.body(Body::from(text)).unwrap(),
        Reply::Late(wait) => {
            tokio::time::sleep(wait).await;
            response.body(Body::empty()).unwrap()
        }
        Reply::Endless => {
            let chunk = Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 64 << 10]));
            let stream = futures_util::stream::repeat_with(move || chunk.as_ref().unwrap().clone());
            let stream = futures_util::StreamExt::map(stream, Ok::<_, std::io::Error>);
            response.body(Body::from_stream(stream)).unwrap()
        }
    }
}
