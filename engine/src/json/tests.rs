use super::*;

fn parse(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    Json::parse(bytes).unwrap_err().to_string()
}

#[test]
fn a_document_reads_as_written() {
    let text =
        r#"{"to":["a@x.test","b"],"n":1.50,"ok":true,"none":null,"o":{},"l":[],"é":"\u00e9\n"}"#;
    let json = parse(text);
    assert_eq!(
        json.to_string(),
        r#"{"to":["a@x.test","b"],"n":1.50,"ok":true,"none":null,"o":{},"l":[],"é":"é\n"}"#
    );
    let object = json.root().as_object().unwrap();
    assert_eq!(object.len(), 7);
    assert_eq!(object.get("é").unwrap().as_text(), Some("é\n"));
    assert_eq!(object.get("to").unwrap().as_list().unwrap().get(1).unwrap().as_text(), Some("b"));
    assert!(object.get("TO").is_none());
}

#[test]
fn a_repeated_key_is_refused_however_spelled() {
    assert_eq!(refusal(br#"{"a":1,"b":{"to":1,"t\u006f":2}}"#), "duplicate key `to` at byte 19");
    assert_eq!(refusal(br#"  {"to":1,"to":2}"#), "duplicate key `to` at byte 10");
}
