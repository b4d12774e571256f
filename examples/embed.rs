//! Decides a few calls from the command line's standard input.
use fence::{Gate, Trust};
fn main() {
    let gate = Gate::builder().policy_file("examples/policies/airline.fence").unwrap().build();
    let gate = match gate { Ok(g) => g, Err(e) => { if let fence::gate::BuildError::Load(fence::policies::LoadError::Invalid{checked,..}) = &e { for d in &checked.diagnostics { println!("{:?} {} {:?}", d.severity, d.message, checked.sources.position(d.span)); } } panic!("{e}") } };
    for line in std::io::stdin().lines() {
        let d = gate.decide_json_blocking(line.unwrap().as_bytes(), Trust { times: true, at: None }).unwrap();
        println!("{}", serde_json::to_string(&d).unwrap());
    }
}
