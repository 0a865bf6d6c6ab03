#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

TEST(NodePorts, Filter) {
  struct Row {
    std::string about;
    MakePod wants, has;
    bool fits;
  };
  const Row rows[] = {
      {"none wanted", MakePod("a").container(), MakePod("b").host_port(80), true},
      {"another port", MakePod("a").host_port(80), MakePod("b").host_port(81), true},
      {"the same port", MakePod("a").host_port(80), MakePod("b").host_port(80), false},
      {"another protocol", MakePod("a").host_port(80), MakePod("b").host_port(80, "UDP"), true},
      {"no protocol is TCP", MakePod("a").host_port(80, ""), MakePod("b").host_port(80), false},
      {"another address", MakePod("a").host_port(80, "TCP", "10.0.0.1"), MakePod("b").host_port(80, "TCP", "10.0.0.2"), true},
      {"all addresses wanted", MakePod("a").host_port(80, "TCP", "0.0.0.0"), MakePod("b").host_port(80, "TCP", "10.0.0.2"), false},
      {"all addresses taken", MakePod("a").host_port(80, "TCP", "10.0.0.1"), MakePod("b").host_port(80), false},
  };
  PluginTable plugin("NodePorts");
  const PluginTable::Answer refused{Code::unschedulable, "node(s) didn't have free ports for the requested pod ports"};
  for (const Row& row : rows) EXPECT_EQ(plugin.filter(row.wants, MakeNode(), {row.has}), row.fits ? PluginTable::Answer{} : refused) << row.about;
}

}  // namespace
}  // namespace plumb::scheduler::testing
