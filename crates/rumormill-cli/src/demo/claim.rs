//! What must come true. Each claim returns what does not hold yet, in words, or nothing.

use std::ops::Range;

use rumormill::{Liveness, Table};

use super::{
    cluster::{Cluster, Sample},
    view::View,
    world::World,
};

/// What does not hold.
pub(crate) type Unmet = String;

/// Every running node knows every other as alive, and every killed one as dead.
pub(crate) fn all_know_who_is_there(cluster: &Cluster, sample: &Sample) -> Option<Unmet> {
    let pairs = running(cluster, sample, 0..sample.len());
    let mut wrong = pairs.flat_map(|(name, view)| {
        let others = cluster.nodes.iter().filter(move |other| other.name != name);
        others.filter_map(move |other| {
            let is = if other.handle.is_some() { Liveness::Alive } else { Liveness::Dead };
            let seen = view.liveness(other.replica);
            let word = || seen.map_or("nothing".to_owned(), |it| format!("{it:?}").to_lowercase());
            (seen != Some(is)).then(|| format!("{name} knows {} as {}", other.name, word()))
        })
    });
    let first = wrong.next()?;
    match wrong.count() {
        0 => Some(first),
        more => Some(format!("{first}, and there are {more} more such views")),
    }
}

/// Somebody on one side of a cut takes a node for dead that runs on the other side.
pub(crate) fn some_take_for_dead(
    side: Range<usize>,
    other_side: Range<usize>,
    cluster: &Cluster,
    sample: &Sample,
) -> Option<Unmet> {
    let mut viewers = running(cluster, sample, side);
    let noticed = viewers.any(|(_, view)| {
        let mut others = cluster.running(other_side.clone());
        others.any(|(_, other)| view.liveness(other.replica()) == Some(Liveness::Dead))
    });
    (!noticed).then(|| "a side did not notice that it is alone".to_owned())
}

/// Every running node of a part shows what was written there, and their tables are equal.
pub(crate) fn all_show(
    world: &World,
    part: Range<usize>,
    cluster: &Cluster,
    sample: &Sample,
) -> Option<Unmet> {
    let mut views = running(cluster, sample, part).peekable();
    let fingerprint = views.peek()?.1.fingerprint;
    views.find_map(|(name, view)| {
        let no_ratings = Default::default();
        let ratings = world.ratings.get(name).unwrap_or(&no_ratings);
        if view.skills != world.skills {
            let missing = world.skills.difference(&view.skills).count();
            let extra = view.skills.difference(&world.skills).count();
            Some(format!("{name} misses {missing} skills and shows {extra} that are none"))
        } else if view.calls != world.calls {
            Some(format!("{name} counts {} calls, there were {}", view.calls, world.calls))
        } else if view.loads != world.loads {
            Some(format!("{name} shows loads that are not the latest"))
        } else if view.ratings != *ratings {
            Some(format!("{name} shows ratings that are not the latest"))
        } else if view.fingerprint != fingerprint {
            Some(format!("{name} holds another table than the first node"))
        } else {
            None
        }
    })
}

/// The tables hold the same versions of the same rows, and the same content.
pub(crate) fn all_equal(tables: &[Table]) -> Option<Unmet> {
    let first = tables.first()?;
    let versions = first.version_vector();
    let differ = |table: &&Table| table.version_vector() != versions || *table != first;
    let different = tables.iter().filter(differ).count();
    (different > 0).then(|| format!("{different} tables differ from the first"))
}

fn running<'s>(
    cluster: &'s Cluster,
    sample: &'s Sample,
    part: Range<usize>,
) -> impl Iterator<Item = (&'s str, &'s View)> {
    let nodes = cluster.nodes[part.clone()].iter().zip(&sample[part]);
    nodes.filter_map(|(node, view)| Some((node.name.as_str(), view.as_ref()?)))
}
