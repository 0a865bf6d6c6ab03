// All controllers together against a real API server on an embedded store.
#include "reference/controllers/framework/manager.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "harness/base/log.h"
#include "reference/api/types/appsv1.h"
#include "reference/apiserver/authorization/rbac.h"
#include "reference/apiserver/test_support.h"
#include "reference/informer/in_process.h"

namespace plumb::controllers {
namespace {

// RBAC as it is, and a note of all that it did not allow.
class Watchman final : public apiserver::Authorizer {
 public:
  explicit Watchman(const apiserver::WatchCache& cache) : rbac_(cache) {}
  apiserver::Verdict authorize(const apiserver::Attributes& asked) override {
    if (asked.user->in_group(apiserver::masters_group)) return {apiserver::Decision::allow, {}};
    const apiserver::Verdict verdict = rbac_.authorize(asked);
    if (verdict.decision != apiserver::Decision::allow) {
      std::lock_guard lock(mutex_);
      refused_.insert(asked.user->name + " " + std::string(asked.verb) + " " + std::string(asked.resource) + "/" + std::string(asked.subresource));
    }
    return verdict;
  }
  void rules(const apiserver::User&, std::string_view, authorizationv1::SubjectRulesReviewStatus&) override {}
  std::set<std::string> refused() const {
    std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  apiserver::RbacAuthorizer rbac_;
  mutable std::mutex mutex_;
  std::set<std::string> refused_;  // under mutex_
};

class ManagerTest : public testing::Test {
 protected:
  void SetUp() override {
    log::set_level(log::Level::error);
    auto store = store::EmbeddedStore::open({directory_.path()}, real_clock());
    ASSERT_TRUE(store.ok()) << store.error().message;
    store_ = std::move(*store);
    apiserver::ApiserverOptions options;
    options.store = store_.get();
    options.clock = &real_clock();
    options.port = 0;
    options.security = apiserver::test::allow_all;
    auto started = apiserver::Apiserver::start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
    watchman_ = std::make_unique<Watchman>(server_->registry().cache());
    transport_ = std::make_unique<informer::InProcessTransport>(server_->registry(), std::vector<apiserver::Authorizer*>{watchman_.get()});
    client_ = client("admin", {std::string(apiserver::masters_group)});
    own_ = client("system:kube-controller-manager", {std::string(apiserver::all_authenticated_group)});
    informers_ = std::make_unique<informer::InformerFactory>(*own_, real_clock());
    ManagerOptions manager;
    manager.options = Options(std::map<std::string, std::string>{{"root-ca-pem", "PEM"}});
    manager_ = std::make_unique<Manager>(manager, [this](const std::string& account) { return client_of(account); }, *informers_, real_clock());
    for (const informer::Resource* resource : resources::all())
      if (!resource->is_virtual()) informers_->informer(*resource).add_handler([this](const ObjectPtr&, const ObjectPtr&) { changed_.notify_all(); });
    const Status begun = manager_->start();
    ASSERT_TRUE(begun.ok()) << begun.error().message;
  }
  void TearDown() override {
    if (manager_) manager_->stop();
    if (informers_) informers_->stop();
    manager_.reset();
    EXPECT_EQ(watchman_ ? watchman_->refused() : std::set<std::string>(), std::set<std::string>()) << "a controller asked for what its role does not allow";
    accounts_.clear();
    own_.reset();
    client_.reset();
    transport_.reset();
    watchman_.reset();
    server_.reset();
    if (store_) store_->close();
  }

  std::unique_ptr<informer::Client> client(const std::string& name, std::vector<std::string> groups) {
    auto user = std::make_shared<apiserver::User>();
    user->name = name;
    user->groups = std::move(groups);
    return transport_->client(user, "test");
  }
  informer::Client* client_of(const std::string& account) {
    auto& made = accounts_[account];
    if (!made) made = client("system:serviceaccount:kube-system:" + account, {"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"});
    return made.get();
  }

  // Looks again at every change, for at most twenty seconds.
  template <class Condition>
  bool eventually(Condition condition) {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      changed_.wait_for(lock, std::chrono::milliseconds(50));
    }
    return true;
  }
  template <class T>
  informer::Lister<T> lister() {
    return informers_->informer<T>().template lister<T>();
  }
  void make_namespace(std::string_view name) {
    auto home = std::make_shared<corev1::Namespace>();
    home->metadata.name = name;
    const auto made = client_->create<corev1::Namespace>(home);
    ASSERT_TRUE(made.ok()) << made.error().message;
    ASSERT_TRUE(eventually([&] { return lister<corev1::ServiceAccount>().get(name, "default") != nullptr; }));
  }
  void make_deployment(std::string_view home, std::int32_t replicas) {
    auto made = std::make_shared<appsv1::Deployment>();
    made->metadata.namespace_ = home;
    made->metadata.name = "web";
    made->spec.replicas = replicas;
    made->spec.selector.ensure().matchLabels.set("app", "web");
    made->spec.template_.metadata.labels.set("app", "web");
    corev1::Container& container = made->spec.template_.spec.containers.emplace_back();
    container.name = "main";
    container.image = "example.org/image:1";
    const auto created = client_->create<appsv1::Deployment>(made);
    ASSERT_TRUE(created.ok()) << created.error().message;
    ASSERT_TRUE(eventually([&] { return pods(home) == static_cast<std::size_t>(replicas); }));
  }
  std::size_t pods(std::string_view home) {
    std::size_t count = 0;
    for (const auto& pod : lister<corev1::Pod>().list()) count += pod->metadata.namespace_ == home;
    return count;
  }

  apiserver::test::TemporaryDirectory directory_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<apiserver::Apiserver> server_;
  std::unique_ptr<Watchman> watchman_;
  std::unique_ptr<informer::InProcessTransport> transport_;
  std::unique_ptr<informer::Client> client_, own_;
  std::map<std::string, std::unique_ptr<informer::Client>> accounts_;
  std::unique_ptr<informer::InformerFactory> informers_;
  std::unique_ptr<Manager> manager_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

TEST_F(ManagerTest, MakesAndCollectsADeploymentsPods) {
  make_namespace("shop");
  make_deployment("shop", 20);
  EXPECT_TRUE(eventually([&] {
    const auto deployment = lister<appsv1::Deployment>().get("shop", "web");
    return deployment && deployment->status.replicas == 20 && deployment->metadata.annotations.get("deployment.kubernetes.io/revision") == "1";
  }));
  metav1::DeleteOptions options;
  options.propagationPolicy = metav1::DeletePropagationForeground;
  ASSERT_TRUE(client_->remove<appsv1::Deployment>("shop", "web", options).ok());
  EXPECT_TRUE(eventually([&] { return pods("shop") == 0 && lister<appsv1::ReplicaSet>().size() == 0 && lister<appsv1::Deployment>().size() == 0; }));
}

TEST_F(ManagerTest, OrphansReplicaSets) {
  make_namespace("shop");
  make_deployment("shop", 3);
  metav1::DeleteOptions options;
  options.propagationPolicy = metav1::DeletePropagationOrphan;
  ASSERT_TRUE(client_->remove<appsv1::Deployment>("shop", "web", options).ok());
  EXPECT_TRUE(eventually([&] {
    const auto sets = lister<appsv1::ReplicaSet>().list();
    return lister<appsv1::Deployment>().size() == 0 && sets.size() == 1 && sets[0]->metadata.ownerReferences.empty();
  }));
  EXPECT_EQ(pods("shop"), 3u);
}

TEST_F(ManagerTest, EmptiesNamespaces) {
  make_namespace("shop");
  EXPECT_TRUE(eventually([&] { return lister<corev1::ConfigMap>().get("shop", "kube-root-ca.crt") != nullptr; }));
  make_deployment("shop", 5);
  ASSERT_TRUE(client_->remove<corev1::Namespace>("", "shop").ok());
  EXPECT_TRUE(eventually([&] { return lister<corev1::Namespace>().get("shop") == nullptr; }));
  EXPECT_EQ(pods("shop"), 0u);
  EXPECT_EQ(lister<appsv1::ReplicaSet>().size(), 0u);
}

TEST_F(ManagerTest, RefusesUnknownControllers) {
  Manager manager({.controllers = {"-no-such-controller"}}, [this](const std::string&) { return client_.get(); }, *informers_, real_clock());
  const Status refused = manager.start();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace plumb::controllers
