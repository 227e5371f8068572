use super::told;
use crate::base::finding::Level;

fn levels(info: &str) -> Vec<Level> {
    told(info).iter().map(|finding| finding.level).collect()
}

#[test]
fn what_redis_says_of_itself_is_judged() {
    let good = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n\
                # Memory\r\nmaxmemory_policy:noeviction\r\n";
    assert_eq!(levels(good), [Level::Ok, Level::Ok]);
    assert_eq!(levels(&good.replace("7.0.15", "6.0.16")), [Level::Failed, Level::Ok]);
    assert_eq!(
        levels(&good.replace("standalone", "cluster")),
        [Level::Ok, Level::Failed, Level::Ok]
    );
    assert_eq!(levels(&good.replace("noeviction", "allkeys-lru")), [Level::Ok, Level::Warning]);
    assert_eq!(levels("redis_version:7.2.4"), [Level::Ok]);
}
