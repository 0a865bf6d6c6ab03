#include "reference/proxy/endpoint_choice.h"

#include <gtest/gtest.h>

#include "reference/proxy/testing.h"

namespace plumb::proxy {
namespace {

using namespace testing;

// "1" ready, "1t" serving while it terminates, "1x" neither; "L" on this node; "@z" for zone z; "#n" for node n.
std::vector<Endpoint> endpoints(const std::vector<std::string>& words) {
  std::vector<Endpoint> made;
  for (const std::string& word : words) {
    Endpoint one{ip("10.0.0." + word.substr(0, 1)), 80};
    for (std::size_t i = 1; i < word.size(); ++i) {
      if (word[i] == 't') one.ready = false, one.terminating = true;
      if (word[i] == 'x') one.ready = one.serving = false;
      if (word[i] == 'L') one.local = true;
      if (word[i] == '@') one.zone_hints.push_back(word.substr(++i, 1));
      if (word[i] == '#') one.node_hints.push_back(word.substr(++i, 1));
    }
    made.push_back(one);
  }
  return made;
}

std::string list(const std::vector<const Endpoint*>& chosen) {
  std::string text;
  for (const Endpoint* one : chosen) text += one->ip.text().substr(7);
  return text;
}

struct Row {
  const char* what;
  std::vector<std::string> words;
  const char *policies, *cluster, *local;  // policies: "i" internal Local, "e" external Local, "x" has external addresses
  bool any;
};

TEST(EndpointChoice, FollowsReadinessPoliciesAndHints) {
  const std::vector<Row> rows{
      {"nothing", {}, "", "", "", false},
      {"ready ones", {"1", "2x", "3"}, "", "13", "", true},
      {"not ready", {"1x"}, "", "", "", false},
      {"terminating ones do not count beside ready ones", {"1", "2t"}, "", "1", "", true},
      {"terminating ones are the last resort", {"1t", "2x", "3t"}, "", "13", "", true},
      {"internal Local alone uses no others", {"1L", "2"}, "i", "", "1", true},
      {"internal Local, none here", {"1", "2"}, "i", "", "", true},
      {"internal Local falls back by itself", {"1Lt", "2"}, "i", "", "1", true},
      {"external Local without external addresses means nothing", {"1L", "2"}, "e", "12", "", true},
      {"external Local has both", {"1L", "2", "3x"}, "ex", "12", "1", true},
      {"external Local falls back apart from Cluster", {"1Lt", "2"}, "ex", "2", "1", true},
      {"zone hints", {"1@z", "2@y", "3@z@y"}, "", "13", "", true},
      {"one without a hint: no hints", {"1@z", "2"}, "", "12", "", true},
      {"none for this zone: no hints", {"1@y", "2@y"}, "", "12", "", true},
      {"those not ready need no hint", {"1@z", "2x", "3@y"}, "", "1", "", true},
      {"node hints before zone hints", {"1@z#n", "2@z#m"}, "", "1", "", true},
      {"node hints for others: zone hints", {"1@z#m", "2@y#m"}, "", "1", "", true},
      {"hints do not hold for Local", {"1L@y", "2@z"}, "ex", "2", "1", true},
  };
  for (const Row& row : rows) {
    ServicePort port;
    const std::string policies = row.policies;
    port.internal_local = policies.find('i') != std::string::npos;
    port.external_local = policies.find('e') != std::string::npos;
    if (policies.find('x') != std::string::npos) port.node_port = 30000;
    const auto all = endpoints(row.words);
    const EndpointChoice choice = choose_endpoints(port, all, "n", "z");
    EXPECT_EQ(list(choice.cluster), row.cluster) << row.what;
    EXPECT_EQ(list(choice.local), row.local) << row.what;
    EXPECT_EQ(choice.any, row.any) << row.what;
  }
}

}  // namespace
}  // namespace plumb::proxy
