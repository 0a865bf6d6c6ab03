#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

constexpr std::int64_t megabyte = 1024 * 1024;

MakeNode node(std::string_view name, const std::vector<std::pair<std::string, std::int64_t>>& images) {
  MakeNode made(name);
  for (const auto& [image, size] : images) {
    corev1::ContainerImage& has = made.node->status.images.emplace_back();
    has.names.push_back(image);
    has.sizeBytes = size * megabyte;
  }
  return made;
}
MakePod pod(const std::vector<std::string>& images) {
  MakePod made("p");
  for (const std::string& image : images) made.pod->spec.containers.emplace_back().image = image;
  return made;
}

using Scores = std::map<std::string, std::int64_t>;

TEST(ImageLocality, PrefersNodesThatHaveTheImages) {
  ClusterTable cluster("ImageLocality");
  cluster.add(node("a", {{"big:1", 800}, {"small:1", 20}})).add(node("b", {{"big:1", 800}})).add(node("c", {})).add(node("d", {{"small:1", 20}}));
  EXPECT_EQ(cluster.scores(pod({"other:1"})), Scores());
  // On half of the nodes, so half of its bytes count: 100 * (400 - 23) / (1000 - 23).
  EXPECT_EQ(cluster.scores(pod({"big:1"})), (Scores{{"a", 38}, {"b", 38}, {"c", 0}, {"d", 0}}));
  // Too small to matter.
  EXPECT_EQ(cluster.scores(pod({"small:1"})), (Scores{{"a", 0}, {"b", 0}, {"c", 0}, {"d", 0}}));
  // Two containers: 100 * (400 + 10 - 23) / (2000 - 23), and 100 * (400 - 23) / (2000 - 23).
  EXPECT_EQ(cluster.scores(pod({"big:1", "small:1"})), (Scores{{"a", 19}, {"b", 19}, {"c", 0}, {"d", 0}}));
  auto with_init = pod({"other:1"});
  with_init.pod->spec.initContainers.emplace_back().image = "big:1";
  EXPECT_EQ(cluster.scores(with_init)["a"], 19);
}

TEST(ImageLocality, ANameWithoutTagMeansLatest) {
  ClusterTable cluster("ImageLocality");
  cluster.add(node("a", {{"registry:5000/web:latest", 600}}));
  EXPECT_EQ(cluster.scores(pod({"registry:5000/web"}))["a"], 59);
  EXPECT_EQ(cluster.scores(pod({"registry:5000/web:1"})), Scores());
}

TEST(ImageLocality, FollowsWhatNodesReport) {
  ClusterTable cluster("ImageLocality");
  cluster.add(node("a", {{"web:1", 600}})).add(node("b", {}));
  EXPECT_EQ(cluster.scores(pod({"web:1"})), (Scores{{"a", 28}, {"b", 0}}));
  cluster.add(node("b", {{"web:1", 600}}));
  EXPECT_EQ(cluster.scores(pod({"web:1"})), (Scores{{"a", 59}, {"b", 59}}));
  cluster.add(node("a", {}));
  EXPECT_EQ(cluster.scores(pod({"web:1"})), (Scores{{"a", 0}, {"b", 28}}));
  cluster.table.remove_node("b");
  EXPECT_EQ(cluster.scores(pod({"web:1"})), Scores());
}

}  // namespace
}  // namespace plumb::scheduler::testing
