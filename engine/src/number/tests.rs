use proptest::prelude::*;

use super::*;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn canonical(token: &str) -> String {
    let mut out = String::new();
    write_canonical(token, &mut out);
    out
}

#[test]
fn every_spelling_is_the_same_number() {
    for same in [
        &["5", "5.0", "5e0", "0.5e1", "50e-1", "5.000000000000000000000000000000000000000"][..],
        &["0", "-0", "0.0", "0e5", "-0.00e-999999"],
        &["18446744073709551616", "1.8446744073709551616e19"],
        &["0.25", "25e-2", "0.25000", "2.5E-1"],
        &["-100", "-1e2", "-1E+2", "-0.001e5"],
    ] {
        for text in same {
            assert_eq!(number(text), number(same[0]), "{text}");
            assert_eq!(canonical(text), canonical(same[0]), "{text}");
        }
    }
}

#[test]
fn what_json_does_not_write_is_not_a_number() {
    for text in [
        "", "-", "+1", "01", "-01", ".5", "5.", "1e", "1e+", "1e1.5", " 1", "1 ", "1_000", "1,000",
        "0x10", "NaN", "Infinity", "١", "1e٢", "--1", "1..2", "1e1e1",
    ] {
        assert_eq!(Number::parse(text), Err(NumberError::NotANumber), "{text:?}");
    }
}

#[test]
fn the_range_ends_where_the_language_says() {
    let nines = "9".repeat(28);
    for inside in [&nines, "1e28", "1e-28", &format!("{nines}e28"), &format!("-{nines}e-28")] {
        assert!(Number::parse(inside).is_ok(), "{inside}");
    }
    let digits = "1".repeat(29);
    for outside in [&digits, "1e29", "1e-29", "10e28", "0.1e-28", "1e999", "-1e-999999999999"] {
        assert_eq!(Number::parse(outside), Err(NumberError::OutOfRange), "{outside}");
    }
}

#[test]
fn numbers_show_the_way_people_write_them() {
    for (text, shown) in [
        ("1000", "1000"),
        ("-0.25", "-0.25"),
        ("12.5", "12.5"),
        ("0", "0"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e21"),
        ("0.0000001", "0.0000001"),
        ("0.00000001", "1e-8"),
        ("-15e-10", "-15e-10"),
    ] {
        assert_eq!(number(text).to_string(), shown);
    }
}

#[test]
fn integers_come_and_go_exactly() {
    assert_eq!(Number::from(u64::MAX).to_u64(), Some(u64::MAX));
    assert_eq!(Number::from(u64::MAX).to_string(), "18446744073709551615");
    assert_eq!(number("18446744073709551616").to_u64(), None);
    assert_eq!(number("1e28").to_u64(), None);
    assert_eq!(Number::from(-1i8).to_u64(), None);
    assert_eq!(number("1.5").to_u64(), None);
    assert_eq!(Number::from(1_000u16).to_u64(), Some(1_000));
    assert_eq!(Number::from(i64::MIN).to_string(), "-9223372036854775808");
    assert!(number("1e3").is_integer() && !number("1e-3").is_integer());
    assert!(number("-1e-3").is_negative() && !Number::ZERO.is_negative());
}

#[test]
fn a_canonical_form_is_never_expanded_or_rounded() {
    let digits = "1234567890".repeat(10);
    for (token, form) in [
        ("5.0", "5"),
        ("50", "5e1"),
        ("0.25", "25e-2"),
        ("-0", "0"),
        ("0e999999999", "0"),
        ("1e999999999", "1e999999999"),
        ("100e-2", "1"),
        ("0.00100", "1e-3"),
        ("-10.010", "-1001e-2"),
        ("1.50E+3", "15e2"),
        ("1e-999999999999999999999999999999999999", "1e-999999999999999999999999999999999999"),
        (&digits, &format!("{}e1", digits.trim_end_matches('0'))),
    ] {
        assert_eq!(canonical(token), form);
    }
}

#[test]
fn sums_are_exact_and_only_the_result_must_fit() {
    let sum = |texts: &[&str]| {
        let mut sum = Sum::default();
        texts.iter().for_each(|text| sum.add(number(text)));
        sum.finish().map(|sum| sum.to_string())
    };
    assert_eq!(sum(&[]).as_deref(), Some("0"));
    assert_eq!(sum(&["0.1", "0.2"]).as_deref(), Some("0.3"));
    assert_eq!(sum(&["9223372036854775807", "1"]).as_deref(), Some("9223372036854775808"));
    assert_eq!(sum(&["1e28", "1e-28"]), None);
    assert_eq!(sum(&["1e28", "1e-28", "-1e28"]).as_deref(), Some("1e-28"));
    assert_eq!(sum(&["-5", "2.5"]).as_deref(), Some("-2.5"));
    let greatest = format!("{}e28", "9".repeat(28));
    assert_eq!(sum(&[&greatest, "1e28"]), None);
    assert_eq!(sum(&[&greatest, &greatest]), None);
    assert_eq!(sum(&[&greatest, "1e28", "-1e28"]), Some(format!("{}e28", "9".repeat(28))));
    assert_eq!(sum(&["9999999999999999999999999999", "1"]).as_deref(), Some("1e28"));
}

/// Any number in range.
fn numbers() -> impl Strategy<Value = Number> {
    let coefficient = prop_oneof![
        -1000i128..1000,
        (1 - COEFFICIENT_END)..COEFFICIENT_END,
        (0u32..28).prop_map(|power| 10i128.pow(power)),
    ];
    (coefficient, -28i32..=28)
        .prop_filter_map("out of range", |(digits, power)| Number::new(digits, power))
}

/// The digits of the magnitude before and after the point, 60 and 28 of them: longhand.
fn longhand(number: Number) -> String {
    let (coefficient, exponent) = number.parts();
    let zeros = usize::try_from(exponent + 28).unwrap();
    format!("{:0>88}", format!("{}{}", coefficient.unsigned_abs(), "0".repeat(zeros)))
}

proptest! {
    #[test]
    fn order_is_that_of_the_digits_written_out(a in numbers(), b in numbers()) {
        let by_digits = match (a.is_negative(), b.is_negative()) {
            (false, false) => longhand(a).cmp(&longhand(b)),
            (true, true) => longhand(b).cmp(&longhand(a)),
            (negative, _) => if negative { Ordering::Less } else { Ordering::Greater },
        };
        prop_assert_eq!(a.cmp(&b), by_digits);
        prop_assert_eq!(a == b, by_digits == Ordering::Equal);
    }

    #[test]
    fn shown_numbers_read_back(number in numbers()) {
        prop_assert_eq!(Number::parse(&number.to_string()), Ok(number));
        prop_assert_eq!(Number::parse(&canonical(&number.to_string())), Ok(number));
    }

    #[test]
    fn sums_agree_with_integers(parts in prop::collection::vec((-1_000_000_000i64..1_000_000_000, -9i32..9), 0..20)) {
        let mut sum = Sum::default();
        let mut whole = 0i128;
        for (digits, power) in &parts {
            sum.add(Number::new(i128::from(*digits), *power).unwrap());
            whole += i128::from(*digits) * 10i128.pow(u32::try_from(power + 9).unwrap());
        }
        prop_assert_eq!(sum.finish(), Number::new(whole, -9));
    }

    #[test]
    fn the_order_of_adding_never_matters(
        (numbers, mixed) in prop::collection::vec(numbers(), 0..6)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let sum = |numbers: Vec<Number>| {
            let mut sum = Sum::default();
            numbers.into_iter().for_each(|number| sum.add(number));
            sum.finish()
        };
        prop_assert_eq!(sum(numbers), sum(mixed));
    }

    #[test]
    fn canonical_forms_are_stable(token in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,20})?") {
        let form = canonical(&token);
        prop_assert_eq!(canonical(&form), form.clone());
        prop_assert_eq!(Number::parse(&token), Number::parse(&form));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-+.eE0-9 ]{0,12}") {
        let json = serde_json::from_str::<serde_json::Value>(&text);
        // A peer that gives up on the size before it has read all says nothing of the rest.
        prop_assume!(!json.as_ref().is_err_and(|error| error.to_string().contains("range")));
        let known = !text.contains(' ') && json.is_ok();
        prop_assert_eq!(Number::parse(&text) != Err(NumberError::NotANumber), known);
    }
}
