use super::*;

/// Texts of valid JSON: any nesting, spelling and spacing, keys never repeated.
fn texts() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just(String::from("null")),
        Just(String::from("true")),
        Just(String::from("false")),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?",
        string(),
    ];
    scalar.prop_recursive(5, 60, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[ {}]", items.join(",\n"))),
            prop::collection::vec((string(), inner), 0..20).prop_map(|members| {
                let mut seen = std::collections::HashSet::new();
                let fresh = members
                    .into_iter()
                    .filter(|(key, _)| seen.insert(serde_json::from_str::<String>(key).unwrap()));
                let members: Vec<_> =
                    fresh.map(|(key, value)| format!("{key} :\t{value}")).collect();
                format!("{{{}}}", members.join(" ,"))
            }),
        ]
    })
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-c]{0,3}",
        1 => "[ !#-\\[\\]-~äß\u{2028}😀\u{e000}-\u{f8ff}]{0,9}",
        1 => prop_oneof![
            Just("\\n"), Just("\\/"), Just("\\\""), Just("\\\\"), Just("\\u0061"), Just("\\ud83d\\ude00"),
        ].prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..3).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// Valid JSON with a few bytes changed, removed or doubled; or bytes JSON is made of, at random.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let alphabet = b"{}[]:,\"\\u0123dD8ceE+-.tfn rals/\n\x00\xc3\xa9\xff";
    let byte = prop::sample::select(alphabet.to_vec());
    let edit = (any::<prop::sample::Index>(), 0u8..3, byte.clone());
    let edited = (texts(), prop::collection::vec(edit, 0..4)).prop_map(|(text, edits)| {
        let mut bytes = text.into_bytes();
        for (at, kind, byte) in edits {
            let at = at.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ if at < bytes.len() => bytes[at] = byte,
                _ => {}
            }
        }
        bytes
    });
    prop_oneof![4 => edited, 1 => prop::collection::vec(byte, 0..12)]
}

/// What serde_json makes of it; `None` where it refuses for anything but the range of a number.
fn peer(bytes: &[u8]) -> Option<Option<serde_json::Value>> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Some(Some(value)),
        Err(error) if error.to_string().starts_with("number out of range") => Some(None),
        Err(_) => None,
    }
}

fn shuffled(value: Value<'_>, builder: &mut Builder) {
    match value {
        Value::Object(object) => {
            builder.begin_object();
            let mut members: Vec<_> = object.iter().collect();
            members.reverse();
            for (key, value) in members {
                builder.key(key);
                shuffled(value, builder);
            }
            builder.end_object();
        }
        Value::List(list) => {
            builder.begin_list();
            list.iter().for_each(|item| shuffled(item, builder));
            builder.end_list();
        }
        scalar => builder.value(scalar),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_serde_json_refuses_is_refused(bytes in nearly_json()) {
        let ours = Json::parse(&bytes);
        match (&ours, peer(&bytes)) {
            (Ok(_), None) => prop_assert!(false, "accepted {:?}", String::from_utf8_lossy(&bytes)),
            (Ok(json), Some(Some(value))) => {
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json.to_string()).unwrap(), value);
            }
            // Stricter by intent in one point only here: keys that repeat.
            (Err(error), Some(Some(_))) => {
                prop_assert!(matches!(error, JsonError::DuplicateKey { .. }), "{error}");
            }
            _ => {}
        }
    }

}

proptest! {
    #[test]
    fn compact_reads_back_the_same(text in texts()) {
        let json = parse(&text);
        let compact = json.to_string();
        let again = parse(&compact);
        prop_assert_eq!(again.to_string(), compact);
        prop_assert_eq!(&again, &json);
        prop_assert_eq!(canonical(&again), canonical(&json));
    }

    #[test]
    fn the_canonical_form_is_stable_and_blind_to_order(text in texts()) {
        let json = parse(&text);
        let form = canonical(&json);
        prop_assert_eq!(canonical(&parse(&form)), form.clone());
        prop_assert_eq!(&parse(&form), &json);
        let mut builder = Builder::new();
        shuffled(json.root(), &mut builder);
        let turned = builder.finish().unwrap();
        prop_assert_eq!(canonical(&turned), form);
        prop_assert_eq!(turned, json);
    }

    #[test]
    fn equal_is_what_has_one_canonical_form(a in texts(), b in texts()) {
        let (a, b) = (parse(&a), parse(&b));
        prop_assert_eq!(a == b, canonical(&a) == canonical(&b));
    }

    #[test]
    fn keys_are_ordered_by_utf16(keys in prop::collection::hash_set("[a\u{7ff}\u{d7ff}\u{e000}\u{ffff}\u{10000}😀\u{10ffff}]{0,3}", 0..6)) {
        let mut builder = Builder::new();
        builder.begin_object();
        for key in &keys {
            builder.key(key);
            builder.null();
        }
        builder.end_object();
        let form = canonical(&builder.finish().unwrap());
        let mut expected: Vec<&String> = keys.iter().collect();
        expected.sort_by_key(|key| key.encode_utf16().collect::<Vec<_>>());
        let written = parse(&form);
        let order: Vec<&str> = written.root().as_object().unwrap().iter().map(|(key, _)| key).collect();
        prop_assert_eq!(order, expected);
    }

    #[test]
    fn copies_of_parts_are_whole(text in texts()) {
        let json = parse(&text);
        prop_assert_eq!(Json::from(json.root()).to_string(), json.to_string());
        prop_assert_eq!(Json::of(&json).unwrap().to_string(), json.to_string());
        if let Value::Object(object) = json.root() {
            for (key, value) in object {
                prop_assert_eq!(Json::from(value).to_string(), value.to_string());
                prop_assert_eq!(object.get(key), Some(value));
                prop_assert_eq!(json.replaced(&[key], value).unwrap().to_string(), json.to_string());
            }
        }
    }

    #[test]
    fn a_reader_finds_what_a_document_holds(text in texts()) {
        let json = parse(&text);
        if let Value::Object(object) = json.root() {
            let mut reader = Reader::new(text.as_bytes(), &Limits::default()).unwrap();
            reader.begin_object().unwrap();
            for (key, value) in object {
                let next = reader.next_key().unwrap();
                prop_assert_eq!(next.as_deref(), Some(key));
                prop_assert_eq!(reader.peek(), Some(value.kind()));
                prop_assert_eq!(reader.value().unwrap().to_string(), value.to_string());
            }
            prop_assert_eq!(reader.next_key(), Ok(None));
            prop_assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn a_reader_refuses_what_a_document_refuses(bytes in nearly_json()) {
        let document = Json::parse(&bytes).map(drop);
        let reader = Reader::new(&bytes, &Limits::default()).and_then(|mut reader| {
            if reader.peek() == Some(Kind::Object) {
                reader.begin_object()?;
            }
            reader.finish()
        });
        prop_assert_eq!(document.is_ok(), reader.is_ok());
    }
}
