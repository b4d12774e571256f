//! What a process answered, read strictly.

use fence_engine::json::{Json, Object, Value};
use fence_engine::show::printable;
use fence_engine::strategy::Judgement;

/// The judgement of an answer; everything but a proper one is *unknown*.
pub(super) fn judge(strategy: &str, answer: Option<&str>) -> Judgement {
    let unknown = |reason: String| Judgement::unknown().because(reason);
    let Some(answer) = answer else {
        return unknown(format!("`{strategy}` gave no answer in time"));
    };
    let json = match Json::parse(answer.as_bytes()) {
        Ok(json) => json,
        Err(error) => return unknown(format!("`{strategy}` did not answer in JSON: {error}")),
    };
    let Value::Object(object) = json.root() else {
        return unknown(format!("`{strategy}` did not answer with an object"));
    };
    read(object).unwrap_or_else(|reason| unknown(format!("`{strategy}` answered {reason}")))
}

fn read(object: Object<'_>) -> Result<Judgement, String> {
    let (mut judgement, mut reason) = (None, None);
    for (key, value) in object {
        match (key, value) {
            ("id", _) => {}
            ("outcome", Value::Text("release")) => judgement = Some(Judgement::release()),
            ("outcome", Value::Text("hold")) => judgement = Some(Judgement::hold()),
            ("outcome", Value::Text("unknown")) => judgement = Some(Judgement::unknown()),
            ("outcome", _) => {
                return Err("an outcome other than `release`, `hold` or `unknown`".to_owned());
            }
            ("reason", Value::Text(text)) => reason = Some(printable(text, 500)),
            ("reason", _) => return Err("a reason that is no text".to_owned()),
            (other, _) => return Err(format!("with the unknown key `{}`", printable(other, 40))),
        }
    }
    let judgement = judgement.ok_or("without an outcome")?;
    Ok(match reason {
        Some(reason) => judgement.because(reason),
        None => judgement,
    })
}

#[cfg(test)]
mod tests {
    use super::judge;
    use fence_engine::strategy::Outcome;

    #[test]
    fn only_a_proper_answer_releases() {
        let cases = [
            (r#"{"id":1,"outcome":"release"}"#, Outcome::Release),
            (r#"{"outcome":"release","reason":"calm"}"#, Outcome::Release),
            (r#"{"outcome":"hold","reason":"loud"}"#, Outcome::Hold),
            (r#"{"outcome":"unknown"}"#, Outcome::Unknown),
            (r#"{"outcome":"Release"}"#, Outcome::Unknown),
            (r#"{"outcome":true}"#, Outcome::Unknown),
            (r#"{"outcome":"release","reason":1}"#, Outcome::Unknown),
            (r#"{"outcome":"release","outcome":"hold"}"#, Outcome::Unknown),
            (r#"{"outcome":"release","if":"friday"}"#, Outcome::Unknown),
            (r#"{"reason":"x"}"#, Outcome::Unknown),
            (r#"["release"]"#, Outcome::Unknown),
            ("release", Outcome::Unknown),
            ("", Outcome::Unknown),
        ];
        for (answer, outcome) in cases {
            let judgement = judge("risk", Some(answer));
            assert_eq!(judgement.outcome, outcome, "{answer}");
            assert_eq!(
                outcome == Outcome::Unknown && answer != r#"{"outcome":"unknown"}"#,
                judgement.reason.as_deref().is_some_and(|reason| reason.contains("`risk`"))
            );
        }
        assert_eq!(judge("risk", None).outcome, Outcome::Unknown);
    }
}
