#include "reference/scheduler/likeness.h"

#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

MakePod base(std::string_view name) { return MakePod(name).container({{"cpu", "1"}}).label("app", "web"); }
std::string of(const MakePod& pod) { return likeness(PodInfo(pod.pod)); }
corev1::Volume& volume(MakePod& pod, std::string_view name) {
  corev1::Volume& made = pod.pod->spec.volumes.emplace_back();
  made.name = name;
  return made;
}

TEST(Likeness, OfReplicas) {
  auto a = base("a"), b = base("b");
  a.pod->spec.containers[0].image = "one";
  volume(a, "kube-api-access-1").volumeSource.projected.ensure();
  volume(b, "kube-api-access-2").volumeSource.projected.ensure();
  EXPECT_EQ(of(a), of(b));
}

TEST(Likeness, NotOfPodsThatAHintMayTellApart) {
  const std::string like = of(base("a"));
  auto owned = base("a"), claims = base("a");
  owned.pod->metadata.ownerReferences.emplace_back().uid = "owner";
  volume(claims, "data").volumeSource.persistentVolumeClaim.ensure().claimName = "c";
  const MakePod others[] = {base("a").in("elsewhere"),  base("a").label("b", "c"),         base("a").priority(1),
                            base("a").host_port(80),    base("a").container({{"cpu", "1"}}), base("a").select("zone", "z"),
                            base("a").tolerate("k", "Exists", "", ""), base("a").apart_from("app", "web", "zone"), base("a").spread(1, "zone", "app", "web"),
                            base("a").init({{"example.com/gpu", "1"}}), owned, claims};
  for (const MakePod& other : others) EXPECT_NE(of(other), like) << &other - others;
}

TEST(Likeness, EphemeralVolumesHaveClaimsOfThePodsOwn) {
  auto a = base("a"), b = base("b");
  volume(a, "scratch").volumeSource.ephemeral.ensure();
  volume(b, "scratch").volumeSource.ephemeral.ensure();
  EXPECT_NE(of(a), of(b));
}

}  // namespace
}  // namespace plumb::scheduler::testing
