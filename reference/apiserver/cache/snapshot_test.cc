#include "reference/apiserver/cache/snapshot.h"

#include <gtest/gtest.h>

#include <map>

#include "harness/base/random.h"

namespace plumb::apiserver {
namespace {

CachedPtr entry(const std::string& key, Revision revision) { return std::make_shared<const CachedObject>(key, nullptr, revision); }

std::vector<std::string> keys(const Snapshot& snapshot, std::string_view prefix = {}, std::string_view start = {}) {
  std::vector<std::string> found;
  snapshot.visit(prefix, start, [&](const CachedPtr& object) {
    found.emplace_back(object->key());
    return true;
  });
  return found;
}

TEST(Snapshot, AgreesWithAMapUnderRandomChanges) {
  Random random(7);
  Snapshot snapshot;
  std::map<std::string, Revision> expected;
  for (Revision revision = 1; revision <= 20'000; ++revision) {
    const std::string key = "ns" + std::to_string(random.below(5)) + "/" + std::to_string(random.below(700));
    if (random.below(3) == 0) {
      const CachedPtr gone = snapshot.remove(key);
      ASSERT_EQ(gone != nullptr, expected.erase(key) == 1);
    } else {
      const CachedPtr before = snapshot.put(entry(key, revision));
      ASSERT_EQ(before ? before->revision() : 0, expected.contains(key) ? expected[key] : 0);
      expected[key] = revision;
    }
  }
  ASSERT_EQ(snapshot.size(), expected.size());
  std::vector<std::string> all;
  std::size_t in_ns2 = 0;
  for (const auto& [key, revision] : expected) {
    all.push_back(key);
    in_ns2 += key.starts_with("ns2/");
    const CachedPtr* found = snapshot.find(key);
    ASSERT_TRUE(found);
    ASSERT_EQ((*found)->revision(), revision);
  }
  EXPECT_EQ(keys(snapshot), all);
  EXPECT_EQ(keys(snapshot, "ns2/").size(), in_ns2);
  EXPECT_EQ(snapshot.count("ns2/", {}), in_ns2);
  EXPECT_EQ(snapshot.count({}, "ns1/"), keys(snapshot, {}, "ns1/").size());
  EXPECT_EQ(snapshot.count("ns2/", "ns2/5"), keys(snapshot, "ns2/", "ns2/5").size());
}

TEST(Snapshot, ACopyStaysAsItWas) {
  Snapshot first;
  for (int i = 0; i < 300; ++i) first.put(entry("a/" + std::to_string(1000 + i), 1));
  const std::vector<std::string> before = keys(first);
  Snapshot second(first);
  for (int i = 0; i < 300; i += 2) second.remove("a/" + std::to_string(1000 + i));
  second.put(entry("a/1001", 9));
  EXPECT_EQ(keys(first), before);
  EXPECT_EQ((*first.find("a/1001"))->revision(), 1);
  EXPECT_EQ((*second.find("a/1001"))->revision(), 9);
  EXPECT_EQ(second.size(), 150u);
}

TEST(Snapshot, AnEmptyOneFindsNothing) {
  Snapshot snapshot;
  EXPECT_EQ(snapshot.find("x"), nullptr);
  EXPECT_EQ(snapshot.remove("x"), nullptr);
  EXPECT_EQ(snapshot.count({}, {}), 0u);
  EXPECT_TRUE(keys(snapshot).empty());
}

}  // namespace
}  // namespace plumb::apiserver
