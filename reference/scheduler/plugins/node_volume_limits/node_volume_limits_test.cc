#include "reference/scheduler/storage_testing.h"

namespace plumb::scheduler::testing {
namespace {

using Answers = std::map<std::string, std::string>;
const std::string over_limit = "node(s) exceed max volume count";

std::shared_ptr<storagev1::CSINode> csi_node(std::string_view name, std::int32_t limit) {
  auto made = std::make_shared<storagev1::CSINode>();
  made->metadata.name = name;
  auto& driver = made->spec.drivers.emplace_back();
  driver.name = "d.io";
  driver.allocatable.ensure().count = limit;
  return made;
}

struct NodeVolumeLimitsTest : ::testing::Test {
  StorageTable storage{"NodeVolumeLimits"};
  void SetUp() override {
    storage.add(MakeNode("a")).add(MakeNode("b")).add(csi_node("a", 2));
    for (const char* name : {"v1", "v2", "v3"}) storage.add(MakeVolume(name).csi("d.io", name)).add(MakeClaim(name).bound_to(name));
    storage.add(MakeVolume("same").csi("d.io", "v1")).add(MakeClaim("same").bound_to("same")).add(MakeVolume("local")).add(MakeClaim("local").bound_to("local"));
    storage.add(make_class("made", "d.io")).add(MakeClaim("new", "made"));
  }
  Answers filter(const std::vector<std::string>& claims) { return storage.filter(using_claims("p", claims)); }
};

TEST_F(NodeVolumeLimitsTest, CountsEachVolumeOnce) {
  EXPECT_EQ(filter({"local"}), Answers()) << "no driver";
  EXPECT_EQ(filter({"v1", "v2"}), (Answers{{"a", ""}, {"b", ""}}));
  EXPECT_EQ(filter({"v1", "v2", "v3"}), (Answers{{"a", over_limit}, {"b", ""}})) << "b has no limit";
  EXPECT_EQ(filter({"v1", "same", "v3"}), (Answers{{"a", ""}, {"b", ""}})) << "two claims of one volume";
  EXPECT_EQ(filter({"v1", "v2", "new"}), (Answers{{"a", over_limit}, {"b", ""}})) << "one that is to be made";
}

TEST_F(NodeVolumeLimitsTest, OfPodsAndAttachmentsOfTheNode) {
  storage.add(using_claims("there", {"v1"}).on("a"));
  EXPECT_EQ(filter({"v2"}), (Answers{{"a", ""}, {"b", ""}}));
  EXPECT_EQ(filter({"v2", "v3"}), (Answers{{"a", over_limit}, {"b", ""}}));
  auto attachment = std::make_shared<storagev1::VolumeAttachment>();
  attachment->metadata.name = "x";
  attachment->spec.attacher = "d.io";
  attachment->spec.nodeName = "a";
  attachment->spec.source.persistentVolumeName = api::Opt<api::Str>("v3");
  storage.add(attachment);
  EXPECT_EQ(filter({"v2"}), (Answers{{"a", over_limit}, {"b", ""}}));
  EXPECT_EQ(filter({"v3"}), (Answers{{"a", ""}, {"b", ""}})) << "attached already";
}

}  // namespace
}  // namespace plumb::scheduler::testing
