use proptest::prelude::*;

use super::*;

mod properties;

fn parse(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

fn refusal(bytes: impl AsRef<[u8]>) -> String {
    Json::parse(bytes.as_ref()).unwrap_err().to_string()
}

fn canonical(json: &Json) -> String {
    let mut out = String::new();
    json.write_canonical(&mut out);
    out
}

#[test]
fn a_document_reads_as_written() {
    let json = parse(
        r#" { "to" : ["a@x.test","b"], "n":1.50, "ok":true, "no":false, "none":null,
            "o":{}, "l":[ ], "é":"\u00e9\n\ud83d\ude00\/\"\\", "":{"a":[[1],{"b":-0}]} } "#,
    );
    assert_eq!(
        json.to_string(),
        r#"{"to":["a@x.test","b"],"n":1.50,"ok":true,"no":false,"none":null,"o":{},"l":[],"é":"é\n😀/\"\\","":{"a":[[1],{"b":-0}]}}"#
    );
    let root = json.root();
    let object = root.as_object().unwrap();
    assert_eq!((object.len(), object.iter().count()), (9, 9));
    assert_eq!(root.get("é").unwrap().as_text(), Some("é\n😀/\"\\"));
    assert_eq!(root.get("to").unwrap().as_list().unwrap().get(1).unwrap().as_text(), Some("b"));
    assert_eq!(root.get("n").unwrap().as_number(), "1.5".parse().ok());
    assert_eq!(root.get("ok").unwrap().as_bool(), Some(true));
    assert!(root.get("none").unwrap().is_null());
    assert!(root.get("TO").is_none() && root.get("b").is_none() && root.get("a").is_none());
    assert!(root.get("to").unwrap().get("a@x.test").is_none());
    assert_eq!(root.get("l").unwrap().kind().describe(), "a list");
    assert!(root.get("l").unwrap().as_list().unwrap().is_empty());
}

#[test]
fn scalars_are_documents_too() {
    for text in ["null", "true", "false", "0", "-1.5e+3", "\"\"", "\"x\"", "[]", "{}"] {
        assert_eq!(parse(&format!(" \t\r\n{text}\n")).to_string(), text);
    }
}

#[test]
fn a_repeated_key_is_refused_however_spelled() {
    for (text, message) in [
        (r#"  {"to":1,"to":2}"#, "duplicate key `to` at byte 10"),
        (r#"{"a":1,"b":{"to":1,"t\u006f":2}}"#, "duplicate key `to` at byte 19"),
        (r#"{"t\u006f":1,"x":[{"to":5}],"to":2}"#, "duplicate key `to` at byte 28"),
        (r#"{"":1,"":2}"#, "duplicate key `` at byte 6"),
        (r#"[{"\u202e":1,"\u202e":2}]"#, "duplicate key `\\u{202e}` at byte 13"),
    ] {
        assert_eq!(refusal(text), message);
    }
    let long = format!(r#"{{"{0}":1,"{0}":2}}"#, "k".repeat(70));
    assert_eq!(refusal(long), format!("duplicate key `{}…` at byte 76", "k".repeat(60)));
    // Texts and keys of other objects do not count.
    parse(r#"{"a":"b","b":{"a":"a"},"c":[{"a":1},{"a":2}]}"#);
}

#[test]
fn a_repeated_key_among_many_is_found() {
    let limits = Limits { bytes: 1 << 24, values: 200_000, ..Limits::default() };
    let mut members: Vec<String> = (0..100_000).map(|key| format!("\"k{key}\":0")).collect();
    let whole = |members: &[String]| format!("{{{}}}", members.join(","));
    assert!(Json::parse_with(whole(&members).as_bytes(), &limits).is_ok());
    members.push(String::from("\"k\\u0037\":1"));
    members.push(String::from("\"k5\":1"));
    let text = whole(&members);
    let error = Json::parse_with(text.as_bytes(), &limits).unwrap_err();
    assert_eq!(error, JsonError::DuplicateKey { at: text.len() - 19, key: String::from("k7") });
}

#[test]
fn what_readers_understand_differently_is_refused() {
    for (text, message) in [
        ("", "expected a value, but the JSON ends at byte 0"),
        ("{\"n\":NaN}", "expected a value at byte 5, found `N`"),
        ("[-Infinity]", "expected a digit at byte 2, found `I`"),
        ("{} {\"x\":1}", "something follows the JSON at byte 3"),
        ("[1,]", "expected a value at byte 3, found `]`"),
        ("[1 2]", "expected `,` or `]` at byte 3, found `2`"),
        ("[1}", "expected `,` or `]` at byte 2, found `}`"),
        ("{\"a\":1,}", "expected a key in quotes at byte 7, found `}`"),
        ("{a:1}", "expected a key in quotes or `}` at byte 1, found `a`"),
        ("{\"a\" 1}", "expected `:` at byte 5, found `1`"),
        ("{\"a\":1]", "expected `,` or `}` at byte 6, found `]`"),
        ("[1", "expected `,` or `]`, but the JSON ends at byte 2"),
        ("[01]", "a number must not begin with a needless zero, as it does at byte 1"),
        ("-", "expected a digit, but the JSON ends at byte 1"),
        ("1.", "expected a digit, but the JSON ends at byte 2"),
        ("1e+", "expected a digit, but the JSON ends at byte 3"),
        ("+1", "expected a value at byte 0, found `+`"),
        ("tru", "expected a value at byte 0, found `t`"),
        ("truex", "something follows the JSON at byte 4"),
        ("'a'", "expected a value at byte 0, found `'`"),
        ("/*x*/1", "expected a value at byte 0, found `/`"),
        ("\u{a0}1", "expected a value at byte 0, found `\\u{a0}`"),
        ("\u{feff}{}", "the JSON starts with a byte order mark; leave it out"),
        ("\"a", "expected `\"`, but the JSON ends at byte 2"),
        ("\"a\nb\"", "control character U+000A in a text at byte 2; write it as `\\u000a`"),
        ("\"abcdefgh\0\"", "control character U+0000 in a text at byte 9; write it as `\\u0000`"),
        ("\"\\x\"", "unknown escape in a text at byte 1"),
        ("\"\\", "unknown escape in a text at byte 1"),
        ("\"\\u12\"", "unknown escape in a text at byte 1"),
        ("\"\\u+123\"", "unknown escape in a text at byte 1"),
        ("\"\\u12é0\"", "unknown escape in a text at byte 1"),
        ("\"\\ud800\"", "a lone surrogate is escaped in a text at byte 1"),
        ("\"a\\udc00\\ud800\"", "a lone surrogate is escaped in a text at byte 2"),
        ("\"\\ud800\\u0041\"", "a lone surrogate is escaped in a text at byte 1"),
        ("\"\\ud800\\n\"", "a lone surrogate is escaped in a text at byte 1"),
    ] {
        assert_eq!(refusal(text), message, "{text:?}");
    }
    assert_eq!(refusal(b"{\"k\":\"\xc3\x28\"}"), "byte 6 is not valid UTF-8");
    assert_eq!(refusal(b"\"\xed\xa0\x80\""), "byte 1 is not valid UTF-8");
}

#[test]
fn exponents_have_at_most_36_digits() {
    let nines = "9".repeat(36);
    parse(&format!("[1e{nines}, 1e-{nines}]"));
    let message = "a number's exponent has more than 36 digits at byte 4";
    assert_eq!(refusal(format!("[1e-0{nines}]")), message);
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    parse(&nested(64));
    assert_eq!(refusal(nested(65)), "the JSON is nested more than 64 deep at byte 64");
    assert_eq!(refusal("[".repeat(100_000)), "the JSON is nested more than 64 deep at byte 64");
    parse(&format!("[{}]", vec![nested(63); 3].join(",")));

    let deepest = Limits { depth: usize::MAX, ..Limits::default() };
    let json = Json::parse_with(nested(Limits::DEEPEST).as_bytes(), &deepest).unwrap();
    assert_eq!(json, json.clone());
    assert!(Json::parse_with(nested(Limits::DEEPEST + 1).as_bytes(), &deepest).is_err());

    assert_eq!(refusal(vec![b' '; (1 << 20) + 1]), "the JSON has more than 1048576 bytes");
    let few = Limits { values: 3, ..Limits::default() };
    assert!(Json::parse_with(b"{\"a\":[1]}", &few).is_ok());
    let error = Json::parse_with(b"{\"a\":[1,2]}", &few).unwrap_err();
    assert_eq!(error.to_string(), "the JSON has more than 3 values; the next begins at byte 8");
    assert_eq!(error.at(), 8);
}

/// What one pass over a call's text finds: each key with its value.
fn read(text: &str, limits: &Limits) -> Result<Vec<(String, String)>, JsonError> {
    let mut reader = Reader::new(text.as_bytes(), limits)?;
    reader.begin_object()?;
    let mut found = Vec::new();
    while let Some(key) = reader.next_key()? {
        let value = match (key.as_ref(), reader.peek()) {
            ("skip", _) => continue,
            (_, Some(Kind::Text)) => reader.text()?.into_owned(),
            _ => reader.value()?.to_string(),
        };
        found.push((key.into_owned(), value));
    }
    reader.finish()?;
    Ok(found)
}

#[test]
fn a_reader_goes_member_by_member() {
    let text = r#" {"t\u006fol" : "mail\/x", "skip":[1,{"a":2}], "args":{"to":["a\n"],"n":1e400} ,"b":true}"#;
    let found = read(text, &Limits::default()).unwrap();
    let expected = [("tool", "mail/x"), ("args", r#"{"to":["a\n"],"n":1e400}"#), ("b", "true")];
    assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert_eq!(read("{}", &Limits::default()), Ok(Vec::new()));
}

#[test]
fn a_reader_is_as_strict_as_a_document() {
    let limits = Limits { depth: 3, values: 6, bytes: 60 };
    for (text, message) in [
        ("[]", "expected an object at byte 0, found `[`"),
        ("", "expected an object, but the JSON ends at byte 0"),
        (r#"{"a":1,"skip":2,"sk\u0069p":3}"#, "duplicate key `skip` at byte 16"),
        (r#"{"a":1,"b":{"x":1,"x":2}}"#, "duplicate key `x` at byte 18"),
        (r#"{"skip":{"x":1,"x":2}}"#, "duplicate key `x` at byte 15"),
        (r#"{"a":[[[1]]]}"#, "the JSON is nested more than 3 deep at byte 7"),
        (r#"{"a":[1,2],"b":[3,4]}"#, "the JSON has more than 6 values; the next begins at byte 18"),
        (r#"{"a":1} x"#, "something follows the JSON at byte 8"),
        (r#"{"a":1,}"#, "expected a key in quotes at byte 7, found `}`"),
        (r#"{"a":1 "b":2}"#, "expected `,` or `}` at byte 7, found `\"`"),
        (r#"{"a"}"#, "expected `:` at byte 4, found `}`"),
        (r#"{"a":}"#, "expected a value at byte 5, found `}`"),
        (r#"{"a":1"#, "expected `,` or `}`, but the JSON ends at byte 6"),
        (r#"{"a":"\ud800"}"#, "a lone surrogate is escaped in a text at byte 6"),
    ] {
        assert_eq!(read(text, &limits).unwrap_err().to_string(), message, "{text}");
    }
    let depth_is_given_back = r#"{"a":[[]],"b":[[]]}"#;
    assert!(read(depth_is_given_back, &limits).is_ok());
}

#[test]
fn a_reader_asked_out_of_turn_refuses() {
    let mut reader = Reader::new(br#"{"a":1}"#, &Limits::default()).unwrap();
    reader.begin_object().unwrap();
    assert!(reader.value().is_err() && reader.text().is_err() && reader.begin_object().is_err());
    assert_eq!(reader.next_key().unwrap().as_deref(), Some("a"));
    assert!(reader.text().is_err());

    let mut reader = Reader::new(b" [1] ", &Limits::default()).unwrap();
    assert_eq!(reader.value().unwrap().to_string(), "[1]");
    assert!(reader.value().is_err());
    assert_eq!(reader.next_key(), Ok(None));
    assert_eq!(reader.finish(), Ok(()));
    assert!(Reader::new(b"{\"a\":[}", &Limits::default()).unwrap().finish().is_err());
}

#[test]
fn rust_values_become_documents() {
    let json = Json::empty_object()
        .with_member("to", &["a@x.test", "b"])
        .and_then(|json| json.with_member("n", &5))
        .and_then(|json| json.with_member("big", &u128::MAX))
        .and_then(|json| {
            json.with_member("price", &"0.50".parse::<crate::number::Number>().unwrap())
        })
        .and_then(|json| json.with_member("text", &String::from("\u{1}\"")))
        .and_then(|json| json.with_member("list", &vec![Some(true), None]))
        .and_then(|json| json.with_member("other", &parse(r#"{"a":[1.0]}"#)))
        .unwrap();
    assert_eq!(
        json.to_string(),
        r#"{"to":["a@x.test","b"],"n":5,"big":340282366920938463463374607431768211455,"price":0.5,"text":"\u0001\"","list":[true,null],"other":{"a":[1.0]}}"#
    );
    assert_eq!(json, parse(&json.to_string()));
    assert_eq!(Json::of("x").unwrap().to_string(), "\"x\"");
    assert_eq!(Json::of(&json.root()).unwrap(), json);
    assert_eq!(Json::default(), parse("null"));
}

#[test]
fn members_are_added_to_what_was_read() {
    let json = parse(r#" {"a":"\u0031","b":{}} "#).with_member("c", "2").unwrap();
    assert_eq!(json.to_string(), r#"{"a":"1","b":{},"c":"2"}"#);
    let twice = json.with_member("a", "3");
    assert_eq!(twice, Err(BuildError::DuplicateKey { key: String::from("a") }));
    assert_eq!(parse("[]").with_member("a", "1"), Err(BuildError::NotAnObject));
}

#[test]
fn a_builder_remembers_its_first_mistake() {
    let built = |steps: fn(&mut Builder)| {
        let mut builder = Builder::new();
        steps(&mut builder);
        builder.finish().map(|json| json.to_string())
    };
    for unbalanced in [
        (|_| {}) as fn(&mut Builder),
        |b| b.begin_list(),
        |b| b.end_list(),
        |b| (b.null(), b.null()).0,
        |b| (b.begin_list(), b.end_object()).0,
        |b| (b.begin_list(), b.key("a"), b.null(), b.end_list()).0,
        |b| (b.begin_object(), b.null(), b.end_object()).0,
        |b| (b.begin_object(), b.key("a"), b.end_object()).0,
        |b| (b.begin_object(), b.key("a"), b.key("b"), b.null(), b.end_object()).0,
        |b| (b.key("a"), b.null()).0,
        |b| (b.null(), b.begin_list(), b.end_list(), b.end_list()).0,
    ] {
        assert_eq!(built(unbalanced), Err(BuildError::Unbalanced));
    }
    assert_eq!(
        built(|b| {
            b.begin_object();
            for key in ["a", "b", "a"] {
                b.key(key);
                b.bool(true);
            }
            b.end_object();
        }),
        Err(BuildError::DuplicateKey { key: String::from("a") })
    );
    assert_eq!(
        built(|b| {
            (0..65).for_each(|_| b.begin_list());
            (0..65).for_each(|_| b.end_list());
        }),
        Err(BuildError::TooDeep)
    );
    assert_eq!(built(|b| b.text(&"x".repeat((1 << 20) + 1))), Err(BuildError::TooLarge));
}

#[test]
fn one_member_is_replaced() {
    let json = parse(r#"{"args":{"to":["a"],"n":1},"tool":"x"}"#);
    let replaced = |path: &[&str], new: &str| {
        json.replaced(path, parse(new).root()).map(|json| json.to_string())
    };
    assert_eq!(
        replaced(&["args", "to"], "[]").as_deref(),
        Some(r#"{"args":{"to":[],"n":1},"tool":"x"}"#)
    );
    assert_eq!(
        replaced(&["tool"], "{\"a\":1}").as_deref(),
        Some(r#"{"args":{"to":["a"],"n":1},"tool":{"a":1}}"#)
    );
    assert_eq!(replaced(&[], "7").as_deref(), Some("7"));
    assert_eq!(replaced(&["cc"], "[]"), None);
    assert_eq!(replaced(&["args", "to", "0"], "1"), None);
    assert_eq!(replaced(&["tool"], &format!("{}{}", "[".repeat(64), "]".repeat(64))), None);
}

#[test]
fn equality_is_by_value() {
    for (a, b) in [
        (r#"{"a":1,"b":[2.0]}"#, r#"{"b":[2],"a":1e0}"#),
        ("1e999", "10e998"),
        ("\"\\u0061\"", "\"a\""),
        ("-0", "0.0"),
    ] {
        assert_eq!(parse(a), parse(b));
        assert_eq!(canonical(&parse(a)), canonical(&parse(b)));
    }
    for (a, b) in [
        ("1", "\"1\""),
        ("null", "{}"),
        ("[]", "{}"),
        ("1e999", "1e998"),
        ("[1,2]", "[2,1]"),
        (r#"{"a":null}"#, "{}"),
        (r#"{"a":null}"#, r#"{"b":null}"#),
        ("\"\u{e9}\"", "\"e\u{301}\""),
    ] {
        assert_ne!(parse(a), parse(b));
        assert_ne!(canonical(&parse(a)), canonical(&parse(b)));
    }
    let many = |keys: &mut dyn Iterator<Item = u32>| {
        parse(&format!(
            "{{{}}}",
            keys.map(|k| format!("\"{k}\":{k}")).collect::<Vec<_>>().join(",")
        ))
    };
    assert_eq!(many(&mut (0..40)), many(&mut (0..40).rev()));
    assert_ne!(many(&mut (0..40)), many(&mut (1..41)));
}

#[test]
fn the_canonical_form_is_that_of_rfc_8785() {
    // The members of its section 3.2.3, in the order it gives.
    let json = parse(
        r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
    );
    assert_eq!(
        canonical(&json),
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
    );
    let json = parse(
        r#"{"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/\u007f\u2028","literals":[null,true,false],"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]}"#,
    );
    assert_eq!(
        canonical(&json),
        "{\"literals\":[null,true,false],\"numbers\":[33333333333333329e-8,1e30,45e-1,2e-3,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\u{2028}\"}"
    );
}
