//! Messages read, forwarded and renamed.

use super::*;

fn read(text: &str) -> Result<Message, Unreadable> {
    Message::read(text.as_bytes().to_vec())
}

fn id(text: &str) -> Id {
    Id(text.to_owned())
}

fn forwarded(text: &str) -> String {
    String::from_utf8(read(text).unwrap().forwarded().unwrap()).unwrap()
}

#[test]
fn a_message_is_one_of_three_shapes() {
    let shape = |text| read(text).map(|message| message.shape).map_err(|wrong| wrong.why);
    let request = r#"{"jsonrpc":"2.0","id":"1","method":"ping"}"#;
    assert_eq!(shape(request), Ok(Shape::Request(id("\"1\""), "ping".to_owned())));
    let response = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    assert_eq!(shape(response), Ok(Shape::Response(id("1"))));
    for wrong in [
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
        "{\"jsonrpc\":\"2.0\",\r\"id\":1,\"method\":\"ping\"}",
    ] {
        assert!(shape(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn ids_and_tokens_are_replaced_where_they_stand_and_nowhere_else() {
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"id":1,"_meta":{"progressToken":1,"n":1.50}}}"#;
    let renamed = read(text).unwrap().renamed(&id("\"h7\""), Some(&id("\"h7\""))).unwrap();
    let expected = r#"{"jsonrpc":"2.0","id":"h7","method":"x","params":{"id":1,"_meta":{"progressToken":"h7","n":1.50}}}"#;
    assert_eq!(String::from_utf8(renamed).unwrap(), expected);
}

#[test]
fn what_is_untouched_is_forwarded_byte_for_byte() {
    let text = r#"{ "jsonrpc":"2.0", "id" : 1e0, "method":"ping" }"#;
    assert!(read(text).is_err());
    let text = r#"{ "jsonrpc":"2.0", "id" : 1, "method":"p\u0069ng", "params": { "n": 1.50 } }"#;
    assert_eq!(forwarded(text), text);
}

#[test]
fn claims_under_fences_name_and_members_of_no_meaning_are_left_out() {
    let text = r#"{"jsonrpc":"2.0","id":1,"more":true,"method":"ping","params":{"_meta":{"fence":{"approved":true},"Fence/x":1,"fencepost":2},"n":1.50}}"#;
    let left =
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"fencepost":2},"n":1.50}}"#;
    assert_eq!(forwarded(text), left);
}

#[test]
fn separators_that_some_readers_break_lines_at_are_escaped() {
    let text = "{\"a\":\"\u{2028}é\u{85}…\"}";
    assert_eq!(&*one_line(text.as_bytes()), "{\"a\":\"\\u2028é\\u0085…\"}".as_bytes());
    assert!(matches!(one_line("…é".as_bytes()), Cow::Borrowed(_)));
}
