#include "reference/scheduler/storage_testing.h"

namespace plumb::scheduler::testing {
namespace {

using Answers = std::map<std::string, std::string>;

TEST(VolumeRestrictions, OnePodAloneUsesAReadWriteOncePodClaim) {
  StorageTable storage("VolumeRestrictions");
  storage.add(MakeNode("a")).add(MakeNode("b"));
  storage.add(MakeClaim("alone").exclusive().bound_to("v")).add(MakeClaim("shared").bound_to("w"));
  EXPECT_EQ(storage.filter(using_claims("p", {"shared"})), Answers());
  EXPECT_EQ(storage.filter(using_claims("p", {"gone"})), (Answers{{"", "persistentvolumeclaim \"gone\" not found"}}));
  EXPECT_EQ(storage.filter(using_claims("p", {"alone"})), (Answers{{"a", ""}, {"b", ""}}));
  storage.add(using_claims("other", {"alone"}).in("elsewhere").on("a"));
  EXPECT_EQ(storage.filter(using_claims("p", {"alone"})), (Answers{{"a", ""}, {"b", ""}})) << "another namespace, another claim";
  const auto user = using_claims("user", {"alone"}).on("a");
  storage.add(user);
  const std::string in_use = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
  EXPECT_EQ(storage.filter(using_claims("p", {"alone"})), (Answers{{"a", in_use}, {"b", in_use}}));

  const PodInfo pod(using_claims("p", {"alone"}).pod), victim(user.pod);
  auto before = dynamic_cast<PreFilterPlugin&>(storage.plugin()).pre_filter(pod);
  const auto state = before.state->clone();
  dynamic_cast<PreFilterExtensions&>(storage.plugin()).change(*state, pod, victim, *storage.table.find("a"), -1);
  Reasons reasons;
  EXPECT_EQ(dynamic_cast<FilterPlugin&>(storage.plugin()).filter(state.get(), pod, *storage.table.find("a"), reasons), Code::success) << "without the user";
}

TEST(VolumeRestrictions, DisksThatOneNodeMountsOnce) {
  StorageTable storage("VolumeRestrictions");
  const auto disk = [](std::string_view name, std::string_view id, bool read_only) {
    MakePod made(name);
    auto& source = made.container().pod->spec.volumes.emplace_back().volumeSource.gcePersistentDisk.ensure();
    source.pdName = id;
    source.readOnly = read_only;
    return made;
  };
  storage.add(MakeNode("a")).add(MakeNode("b")).add(disk("writer", "one", false).on("a")).add(disk("reader", "two", true).on("a"));
  const std::string conflict = "node(s) had no available disk";
  EXPECT_EQ(storage.filter(disk("p", "one", true)), (Answers{{"a", conflict}, {"b", ""}}));
  EXPECT_EQ(storage.filter(disk("p", "two", true)), (Answers{{"a", ""}, {"b", ""}}));
  EXPECT_EQ(storage.filter(disk("p", "two", false)), (Answers{{"a", conflict}, {"b", ""}}));
}

}  // namespace
}  // namespace plumb::scheduler::testing
