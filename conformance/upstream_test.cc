// What the tests claim of upstream's lists.
#include <gtest/gtest.h>

#include <set>

#include "harness/runner/coverage_report.h"
#include "harness/runner/coverage/upstream_list.h"

namespace plumb::harness {
namespace {

TEST(Covers, NamesUpstreamsBehaviours) {
  std::set<std::string> known;
  for (const Behaviour& behaviour : upstream_behaviours()) known.insert(behaviour.name);
  EXPECT_GT(known.size(), 400u);
  for (const NamedTest& test : all_tests())
    for (const std::string& name : test.info.covers) EXPECT_TRUE(known.contains(name)) << test.name << " covers \"" << name << "\", which upstream's list does not have";
}

TEST(Covers, AddsUpPerSig) {
  std::size_t all = 0, covered = 0;
  for (const SigCoverage& sig : behaviour_coverage(all_tests())) covered += sig.covered.size(), all += sig.covered.size() + sig.uncovered.size();
  EXPECT_EQ(all, upstream_behaviours().size());
  EXPECT_GT(covered, 0u);
  EXPECT_LE(covered, all);
}

TEST(Endpoints, EachIsFoundByItsOwnPath) {
  const EndpointIndex index(upstream_endpoints());
  for (const Endpoint& endpoint : upstream_endpoints()) {
    const Endpoint* found = index.find(endpoint.method, endpoint.path);
    ASSERT_NE(found, nullptr) << endpoint.path;
    EXPECT_EQ(found->operation, endpoint.operation);
  }
}

}  // namespace
}  // namespace plumb::harness
