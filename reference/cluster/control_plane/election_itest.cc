// Several schedulers and controller managers on one cluster: one of each works, and another goes on where it was killed.
#include <algorithm>
#include <map>
#include <set>

#include "reference/cluster/control_plane/testing.h"
#include "reference/informer/informer.h"

namespace plumb::cluster::testing {
namespace {

using namespace std::chrono_literals;

// 10 s of lease, tries at most 0.5 s × 2.2 apart.
const std::vector<std::string> quick = {"--leader-elect-lease-duration", "10s", "--leader-elect-renew-deadline", "5s", "--leader-elect-retry-period", "500ms"};
constexpr double takeover_limit = 10 + 1.1, slack = 6;  // slack: of a loaded machine and a debug build

std::vector<std::string> with(std::vector<std::string> flags, const std::vector<std::string>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

// Every pod's nodes and every object ever seen, from a watch.
class Witness {
 public:
  Witness(informer::Client& client) : informers_(client, real_clock()) {
    informers_.informer<corev1::Pod>().add_handler([this](const auto&, const auto& after) {
      if (const auto pod = api::as<corev1::Pod>(after)) {
        std::lock_guard lock(mutex_);
        auto& nodes = pods_[pod->metadata.labels.get("app").str()][pod->metadata.uid.str()];
        if (!pod->spec.nodeName.empty()) nodes.insert(pod->spec.nodeName.str());
      }
    });
    informers_.informer<appsv1::ReplicaSet>().add_handler([this](const auto&, const auto& after) {
      if (const auto set = api::as<appsv1::ReplicaSet>(after)) {
        std::lock_guard lock(mutex_);
        sets_[set->metadata.labels.get("app").str()].insert(set->metadata.uid.str());
      }
    });
    informers_.start();
    EXPECT_TRUE(eventually([this] { return informers_.has_synced(); }));
  }
  ~Witness() { informers_.stop(); }
  void expect_once(const std::string& app, std::size_t replicas) {
    EXPECT_TRUE(eventually([&] {
      std::lock_guard lock(mutex_);
      return std::count_if(pods_[app].begin(), pods_[app].end(), [](const auto& pod) { return !pod.second.empty(); }) >= static_cast<std::ptrdiff_t>(replicas);
    }));
    std::lock_guard lock(mutex_);
    EXPECT_EQ(sets_[app].size(), 1u) << app;
    EXPECT_EQ(pods_[app].size(), replicas) << app;
    for (const auto& [uid, nodes] : pods_[app]) EXPECT_EQ(nodes.size(), 1u) << app << " " << uid;
  }

 private:
  informer::InformerFactory informers_;
  std::mutex mutex_;
  std::map<std::string, std::map<std::string, std::set<std::string>>> pods_;  // under mutex_
  std::map<std::string, std::set<std::string>> sets_;                         // under mutex_
};

class Election : public Cluster {
 protected:
  void bring_up() {
    run_apiserver();
    for (const char* one : {"a", "b"}) {
      run_component("scheduler", std::string("scheduler-") + one, quick);
      run_component("controller-manager", std::string("controllers-") + one, with(quick, {"--node-monitor-grace-period", "1h"}));
    }
    for (const char* name : {"n1", "n2"}) make_node(name);
    ASSERT_TRUE(eventually([&] { return leader("kube-scheduler") && leader("kube-controller-manager"); }));
  }
};

TEST_F(Election, OthersTakeOverFromKilledAndFromStoppedLeaders) {
  bring_up();
  Witness witness(admin());
  make_deployment("first", 20);
  ASSERT_TRUE(eventually([&] { return bound("first") == 20; }));

  make_deployment("second", 60);
  ASSERT_TRUE(eventually([&] { return bound("second") > 0; }));
  Instant start = real_clock().now();
  kill_and_forget(*leader("kube-controller-manager"), SIGKILL);
  kill_and_forget(*leader("kube-scheduler"), SIGKILL);
  make_deployment("third", 30);
  EXPECT_TRUE(eventually([&] { return bound("second") == 60 && bound("third") == 30; }, 60s));
  const double killed = seconds_since(start);
  EXPECT_LT(killed, takeover_limit + slack);

  run_component("scheduler", "scheduler-c", quick);
  run_component("controller-manager", "controllers-c", with(quick, {"--node-monitor-grace-period", "1h"}));
  start = real_clock().now();
  kill_and_forget(*leader("kube-controller-manager"), SIGTERM);
  kill_and_forget(*leader("kube-scheduler"), SIGTERM);
  make_deployment("fourth", 10);
  EXPECT_TRUE(eventually([&] { return bound("fourth") == 10; }, 60s));
  const double stopped = seconds_since(start);
  EXPECT_LT(stopped, slack) << "a graceful stop must hand over at once";
  std::printf("taken over from killed leaders within %.1f s, from stopped ones within %.1f s\n", killed, stopped);
  for (const auto& [app, replicas] : std::map<std::string, std::size_t>{{"first", 20}, {"second", 60}, {"third", 30}, {"fourth", 10}}) witness.expect_once(app, replicas);
}

TEST_F(Election, AProcessThatLosesTheLeaseEndsAndSaysSo) {
  bring_up();
  Program* leaders[] = {leader("kube-scheduler"), leader("kube-controller-manager")};
  ASSERT_TRUE(programs_.front()->child().signal(SIGSTOP).ok());
  for (Program* each : leaders) {
    const auto ended = each->child().wait_for(20s);
    ASSERT_TRUE(ended.ok()) << each->name();
    EXPECT_EQ(ended->code, 1) << ended->text();
    EXPECT_TRUE(each->logged("lost the lease kube-system/kube-")) << each->log();
  }
  // Those who only waited wait on.
  for (const auto& each : programs_) {
    if (each.get() == leaders[0] || each.get() == leaders[1]) continue;
    EXPECT_TRUE(each->child().running()) << each->name();
  }
  ASSERT_TRUE(programs_.front()->child().signal(SIGCONT).ok());
  make_deployment("after", 5);
  EXPECT_TRUE(eventually([&] { return bound("after") == 5; }, 40s));
}

TEST_F(Election, FlagsThatCannotBeAreUsageErrors) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--leader-elect-lease-duration", "10s"}, {"--leader-elect-retry-period", "9s"},
                                                {"--leader-elect-lease-duration", "soon"}, {"--leader-elect-retry-period", "-1s"}}) {
    ProcessSpec spec;
    spec.args = with({plumbd(), "scheduler", "--kubeconfig", "/nonexistent"}, wrong);
    const auto result = run_and_capture(spec);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->status.code, 2) << wrong[0];
    EXPECT_NE(result->err.find(wrong[0]), std::string::npos) << result->err;
  }
}

// Whole control planes over one etcd: their components elect inside the processes, and one that lost its lease stands again.
class ElectionOverEtcd : public Cluster {
 protected:
  void SetUp() override {
    Cluster::SetUp();
    if (IsSkipped()) return;
    if (!run_checked({"which", "etcd"}).ok()) GTEST_SKIP() << "needs etcd";
    ProcessSpec spec;
    etcd_url_ = "http://127.0.0.1:" + std::to_string(*free_port());
    const std::string peer = "http://127.0.0.1:" + std::to_string(*free_port());
    spec.args = {"etcd", "--data-dir", layout_.dir + "/etcd", "--listen-client-urls", etcd_url_, "--advertise-client-urls", etcd_url_, "--listen-peer-urls", peer,
                 "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer};
    spec.out = spec.err = Stdio::file(layout_.dir + "/etcd.log");
    auto spawned = Child::spawn(spec);
    ASSERT_TRUE(spawned.ok()) << spawned.error().message;
    etcd_ = std::make_unique<Child>(std::move(*spawned));
  }
  void TearDown() override {
    admin_ = {};
    programs_.clear();
    etcd_.reset();
    Cluster::TearDown();
  }
  Program& run_all(const std::string& name) {
    const Layout own{layout_.dir + "/" + name};
    std::filesystem::create_directories(own.dir);
    (void)Pki::open(layout_, real_clock());
    std::filesystem::copy(layout_.dir + "/pki", own.dir + "/pki", std::filesystem::copy_options::recursive);
    Program& made = run(name, with({"all", "--dir", own.dir, "--bind-address", "127.0.0.1", "--secure-port", "0", "--etcd-servers", etcd_url_,
                                    "--node-monitor-grace-period", "1h"}, quick));
    server_url_ = "https://127.0.0.1:" + made.port();
    admin_ = std::move(*connect(kubeconfig(admin_identity()), "test"));
    return made;
  }
  std::string etcd_url_;
  std::unique_ptr<Child> etcd_;
};

TEST_F(ElectionOverEtcd, OneOfTwoControlPlanesWorksAndTheOtherTakesOver) {
  Program& first = run_all("one");
  make_node("n1");
  make_deployment("alone", 5);
  ASSERT_TRUE(eventually([&] { return bound("alone") == 5; })) << first.log();
  Program& second = run_all("two");
  ASSERT_EQ(leader("kube-scheduler"), &first);
  ASSERT_EQ(leader("kube-controller-manager"), &first);
  Witness witness(admin());

  // The store is away for longer than a lease lasts: both lose it, and one of the two gets it back.
  ASSERT_TRUE(etcd_->signal(SIGSTOP).ok());
  ASSERT_TRUE(eventually([&] { return first.logged("the lease is lost; standing for election again"); }, 30s));
  ASSERT_TRUE(etcd_->signal(SIGCONT).ok());
  make_deployment("again", 5);
  EXPECT_TRUE(eventually([&] { return bound("again") == 5; }, 40s)) << first.log() << second.log();

  kill_and_forget(first, SIGKILL);
  make_deployment("other", 5);
  EXPECT_TRUE(eventually([&] { return bound("other") == 5; }, 40s)) << second.log();
  for (const char* app : {"again", "other"}) witness.expect_once(app, 5);
}

}  // namespace
}  // namespace plumb::cluster::testing
