// Controllers in a process of their own act as their own service accounts: what one may not do is not done, and the others go on.
#include "reference/api/types/rbacv1.h"
#include "reference/cluster/control_plane/testing.h"

namespace plumb::cluster::testing {
namespace {

using namespace std::chrono_literals;

class ControllerAccounts : public Cluster {};

TEST_F(ControllerAccounts, EachControllerHasItsOwnRoleAndNoMore) {
  run_apiserver();
  run_component("scheduler", "scheduler");
  Program& manager = run_component("controller-manager", "controllers", {"--node-monitor-grace-period", "1h"});
  make_node("n1");
  make_deployment("first", 3);
  ASSERT_TRUE(eventually([&] { return bound("first") == 3; })) << manager.log();
  for (const char* name : {"deployment-controller", "replicaset-controller", "node-controller", "generic-garbage-collector"})
    EXPECT_TRUE(admin().get<corev1::ServiceAccount>("kube-system", name).ok()) << name;
  EXPECT_FALSE(manager.logged("cannot ")) << "a controller was refused something:\n" << manager.log();

  // Without its role the replica set controller makes no pods; the deployment controller still makes its replica set.
  const char* role = "system:controller:replicaset-controller";
  const auto binding = admin().get<rbacv1::ClusterRoleBinding>("", role);
  ASSERT_TRUE(binding.ok()) << binding.error().message;
  ASSERT_TRUE(admin().remove<rbacv1::ClusterRoleBinding>("", role).ok());
  make_deployment("second", 3);
  ASSERT_TRUE(eventually([&] { return manager.logged("User \"system:serviceaccount:kube-system:replicaset-controller\" cannot "); })) << manager.log();
  EXPECT_EQ(list<appsv1::ReplicaSet>("second").size(), 1u);
  EXPECT_TRUE(list<corev1::Pod>("second").empty());
  auto again = std::make_shared<rbacv1::ClusterRoleBinding>(**binding);
  again->metadata.resourceVersion.reset();
  again->metadata.uid.reset();
  ASSERT_TRUE(admin().create<rbacv1::ClusterRoleBinding>(again).ok());
  EXPECT_TRUE(eventually([&] { return bound("second") == 3; })) << manager.log();
}

}  // namespace
}  // namespace plumb::cluster::testing
