//! Writing out alternatives, while they are few.

use super::syntax::Node;

/// Up to this many patterns without alternatives are made of one with them.
pub(super) const MAX_EXPANSION: usize = 64;

/// The patterns without alternatives that together say the same; `None` if there are too many.
pub(super) fn expand(nodes: &[Node]) -> Option<Vec<Vec<&Node>>> {
    (count(nodes) <= MAX_EXPANSION).then(|| write_out(nodes))
}

fn count(nodes: &[Node]) -> usize {
    nodes.iter().fold(1, |product: usize, node| match node {
        Node::Alternatives(branches) => {
            let sum =
                branches.iter().fold(0_usize, |sum, branch| sum.saturating_add(count(branch)));
            product.saturating_mul(sum)
        }
        _ => product,
    })
}

fn write_out(nodes: &[Node]) -> Vec<Vec<&Node>> {
    nodes.iter().fold(vec![Vec::new()], |heads, node| match node {
        Node::Alternatives(branches) => {
            let tails: Vec<_> = branches.iter().flat_map(|branch| write_out(branch)).collect();
            let with_tails = |head: &Vec<_>| {
                tails.iter().map(|tail| [&head[..], tail].concat()).collect::<Vec<_>>()
            };
            heads.iter().flat_map(with_tails).collect()
        }
        node => heads.into_iter().map(|head| [head, vec![node]].concat()).collect(),
    })
}
