// What events do to the table, as the commands that reach the kernel.
#include "reference/policy/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/policy/testing.h"

namespace plumb::policy {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

class PolicyModel : public ::testing::Test {
 protected:
  void SetUp() override {
    model_.set_ranges({"10.1.0.0/24"});
    model_.set_namespace("x", space("x"));
    model_.set_namespace("y", space("y", {{"team", "y"}}));
    put(pod("x", "a", {{"app", "a"}}, "n1", "10.1.0.1"));
    put(pod("x", "b", {{"app", "b"}}, "n1", "10.1.0.2"));
    put(pod("x", "far", {{"app", "b"}}, "n2", "10.1.1.1"));
    put(pod("y", "other", {{"app", "b"}}, "n2", "10.1.1.2"));
    model_.decide();
    (void)model_.rules().whole();
  }
  void put(PodPtr one) { model_.set_pod(one->metadata.namespace_.str() + "/" + one->metadata.name.str(), one); }
  void put(PolicyPtr one) { model_.set_policy(one->metadata.namespace_.str() + "/" + one->metadata.name.str(), one); }
  // The table's name is left out.
  std::string changes() {
    model_.decide();
    std::string text = model_.rules().take_changes(Instant());
    for (std::size_t at; (at = text.find("ip network-policy ")) != text.npos;) text.erase(at, 18);
    return text;
  }

  Model model_{Family::ipv4, "n1"};
};

TEST_F(PolicyModel, IsolatesThePodsOfThisNode) {
  put(policy("x", "deny", {}, {"Ingress"}));
  EXPECT_EQ(changes(), "add chain ingress-1\nadd rule ingress-1 drop\nadd element ingress-pods { 10.1.0.1 : jump ingress-1, 10.1.0.2 : jump ingress-1 }\n");
  EXPECT_EQ(model_.isolated_count(Direction::ingress), 2u);
  EXPECT_EQ(model_.isolated_count(Direction::egress), 0u);
  model_.set_policy("x/deny", nullptr);
  EXPECT_EQ(changes(), "delete element ingress-pods { 10.1.0.1, 10.1.0.2 }\nflush chain ingress-1\n");
  EXPECT_EQ(changes(), "");
}

TEST_F(PolicyModel, TouchesOnlyTheSetsThatAPodEntersOrLeaves) {
  auto allow = policy("x", "allow", {{"app", "a"}}, {"Ingress"});
  allow_from(*allow, {pods({{"app", "b"}}), pods({{"app", "c"}}), spaces({{"team", "y"}})});
  put(allow);
  EXPECT_EQ(changes(),
            "add set peers-1 { type ipv4_addr; }\nadd element peers-1 { 10.1.0.2, 10.1.1.1 }\nadd set peers-2 { type ipv4_addr; }\n"
            "add set peers-3 { type ipv4_addr; }\nadd element peers-3 { 10.1.1.2 }\n"
            "add chain ingress-1\nadd rule ingress-1 ip saddr @peers-1 return\nadd rule ingress-1 ip saddr @peers-2 return\nadd rule ingress-1 ip saddr @peers-3 return\n"
            "add rule ingress-1 drop\nadd element ingress-pods { 10.1.0.1 : jump ingress-1 }\n");
  put(pod("x", "far", {{"app", "c"}}, "n2", "10.1.1.1"));
  EXPECT_EQ(changes(), "delete element peers-1 { 10.1.1.1 }\nadd element peers-2 { 10.1.1.1 }\n");
  put(pod("x", "far", {{"app", "c"}, {"more", "d"}}, "n2", "10.1.1.1"));
  EXPECT_EQ(changes(), "");
  model_.set_pod("x/far", nullptr);
  EXPECT_EQ(changes(), "delete element peers-2 { 10.1.1.1 }\n");
  model_.set_namespace("x", space("x", {{"team", "y"}}));
  EXPECT_EQ(changes(), "add element peers-3 { 10.1.0.1, 10.1.0.2 }\n");
  model_.set_namespace("y", space("y"));
  EXPECT_EQ(changes(), "delete element peers-3 { 10.1.1.2 }\n");
}

TEST_F(PolicyModel, KeepsASetWhileARuleNeedsIt) {
  auto one = policy("x", "one", {{"app", "a"}}, {"Ingress"});
  allow_from(*one, {pods({{"app", "b"}})});
  put(one);
  (void)changes();
  auto two = policy("x", "two", {{"app", "a"}}, {"Egress"});
  allow_to(*two, {pods({{"app", "b"}})}, {port(80)});
  put(two);
  EXPECT_EQ(changes(), "add chain egress-2\nadd rule egress-2 ip daddr @peers-1 tcp dport { 80 } return\nadd rule egress-2 drop\nadd element egress-pods { 10.1.0.1 : jump egress-2 }\n");
  model_.set_policy("x/one", nullptr);
  EXPECT_EQ(changes(), "delete element ingress-pods { 10.1.0.1 }\nflush chain ingress-1\n");
  model_.set_policy("x/two", nullptr);
  EXPECT_EQ(changes(), "delete element egress-pods { 10.1.0.1 }\nflush chain egress-2\ndelete set peers-1\n");
}

TEST_F(PolicyModel, ChangesAChainInOneStep) {
  auto allow = policy("x", "allow", {{"app", "a"}}, {"Ingress"});
  allow_from(*allow, {}, {port(80)});
  put(allow);
  (void)changes();
  allow = std::make_shared<networkingv1::NetworkPolicy>(*allow);
  allow->spec.ingress[0].ports[0].port = 81;
  put(allow);
  EXPECT_EQ(changes(),
            "add chain ingress-2\nadd rule ingress-2 tcp dport { 81 } return\nadd rule ingress-2 drop\n"
            "delete element ingress-pods { 10.1.0.1 }\nadd element ingress-pods { 10.1.0.1 : jump ingress-2 }\nflush chain ingress-1\n");
  put(pod("x", "a", {}, "n1", "10.1.0.1"));
  EXPECT_THAT(changes(), HasSubstr("delete element ingress-pods { 10.1.0.1 }\n")) << "the policy selects it no longer";
}

TEST_F(PolicyModel, HoldsBackUnknownAddressesWhileAnIsolatedPodHasNone) {
  put(policy("x", "deny", {{"app", "new"}}, {"Egress"}));
  EXPECT_EQ(changes(), "");
  put(pod("x", "new", {{"app", "new"}}, "n1", ""));
  EXPECT_EQ(changes(), "flush chain new-egress\nflush chain new-ingress\nadd rule new-egress ip saddr 10.1.0.0/24 ip saddr != @pods drop\n");
  put(pod("x", "new", {{"app", "new"}}, "n1", "10.1.0.9"));
  const std::string known = changes();
  EXPECT_THAT(known, HasSubstr("add element pods { 10.1.0.9 }\n"));
  EXPECT_THAT(known, HasSubstr("add element egress-pods { 10.1.0.9 : jump egress-1 }\nflush chain new-egress\nflush chain new-ingress\n"));
  EXPECT_THAT(known, Not(HasSubstr("add rule new-egress")));
}

TEST_F(PolicyModel, KeepsATerminatingPodIsolatedUntilItHasGone) {
  put(policy("x", "deny", {{"app", "a"}}, {"Ingress"}));
  (void)changes();
  auto going = pod("x", "a", {{"app", "a"}}, "n1", "10.1.0.1");
  going->metadata.deletionTimestamp.set = true;
  put(going);
  EXPECT_EQ(changes(), "");
  model_.set_pod("x/a", nullptr);
  EXPECT_THAT(changes(), HasSubstr("delete element ingress-pods { 10.1.0.1 }\n"));
}

TEST_F(PolicyModel, LeadsAnAddressForThePodThatHasItNow) {
  put(policy("x", "deny", {}, {"Ingress"}));
  (void)changes();
  put(pod("x", "heir", {}, "n1", "10.1.0.1"));
  (void)changes();
  model_.set_pod("x/a", nullptr);
  EXPECT_THAT(changes(), Not(HasSubstr("delete element ingress-pods"))) << "the heir is isolated";
}

TEST_F(PolicyModel, WritesTheWholeTable) {
  auto allow = policy("x", "allow", {{"app", "a"}}, {"Ingress"});
  allow_from(*allow, {pods({{"app", "b"}})});
  put(allow);
  model_.decide();
  const std::string whole = model_.rules().whole();
  EXPECT_THAT(whole, ::testing::StartsWith("add table ip network-policy\ndelete table ip network-policy\nadd table ip network-policy\n"));
  EXPECT_THAT(whole, HasSubstr("add element ip network-policy ingress-pods { 10.1.0.1 : jump ingress-1 }\n"));
  EXPECT_EQ(changes(), "");
}

}  // namespace
}  // namespace plumb::policy
