// /metrics of every program of a control plane: who may read it, that nothing that existing dashboards and checks read is missing, and that
// Prometheus finds the text sound.
#include "harness/net/client.h"
#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/rbacv1.h"
#include "reference/cluster/control_plane/testing.h"

namespace plumb::cluster::testing {
namespace {

using namespace std::chrono_literals;

using Names = std::vector<std::string>;
const Names of_process = {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_start_time_seconds ", "process_open_fds ", "kubernetes_build_info{"};
const Names of_server = {"apiserver_request_total{", "apiserver_request_duration_seconds_bucket{", "apiserver_request_sli_duration_seconds_bucket{",
                         "apiserver_current_inflight_requests{", "etcd_disk_wal_fsync_duration_seconds_bucket{", "etcd_disk_backend_commit_duration_seconds_bucket{",
                         "etcd_mvcc_db_total_size_in_bytes ", "etcd_server_is_leader 1", "etcd_server_leader_changes_seen_total ", "apiserver_watch_cache_resource_version{"};
const Names of_watches = {"apiserver_watch_events_total{"};
const Names of_scheduler = {"scheduler_scheduling_attempt_duration_seconds_bucket{", "scheduler_scheduling_algorithm_duration_seconds_bucket{",
                            "scheduler_pod_scheduling_sli_duration_seconds_bucket{", "scheduler_framework_extension_point_duration_seconds_bucket{",
                            "scheduler_schedule_attempts_total{", "scheduler_pending_pods{"};
const Names of_queues = {"workqueue_depth{", "workqueue_adds_total{", "workqueue_queue_duration_seconds_bucket{", "workqueue_work_duration_seconds_bucket{",
                         "workqueue_unfinished_work_seconds{", "workqueue_longest_running_processor_seconds{", "workqueue_retries_total{"};
const Names of_client = {"rest_client_requests_total{", "rest_client_request_duration_seconds_bucket{"};
const Names of_election = {"leader_election_master_status{"};

struct Caller {
  const Identity* identity = nullptr;
  std::string token;
};

class Metrics : public Cluster {
 protected:
  struct Answer {
    int status = 0;
    std::string body;
  };
  Answer get(const std::string& port, const std::string& path, const Caller& caller = {}) {
    const Pki pki = *Pki::open(layout_, real_clock());
    net::ClientOptions options;
    options.endpoint = net::parse_url("https://127.0.0.1:" + port)->endpoint;
    options.tls = net::TlsClientOptions{pki.ca_pem(), {}, {}, {}, true};
    if (caller.identity) {
      const net::KeyPair pair = *pki.identity(*caller.identity);
      options.tls->certificate_pem = pair.certificate_pem;
      options.tls->key_pem = pair.key_pem;
    }
    const auto client = *net::HttpClient::create(std::move(options));
    net::ClientRequest request;
    request.method = "GET";
    request.target = path;
    request.timeout = 10s;
    if (!caller.token.empty()) request.headers.set("authorization", "Bearer " + caller.token);
    const auto answer = client->send(std::move(request));
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? Answer{answer->status, answer->body} : Answer{};
  }
  void expect_all(const std::string& program, const std::string& text, std::initializer_list<Names> lists) {
    for (const Names& names : lists)
      for (const std::string& name : names) EXPECT_NE(("\n" + text).find("\n" + name), std::string::npos) << program << " lacks " << name;
    if (!run_checked({"which", "promtool"}).ok()) return void(promtool_missing_ = true);
    ProcessSpec spec;
    spec.args = {"promtool", "check", "metrics"};
    const auto checked = run_and_capture(spec, {.limit = 20s, .input = text});
    ASSERT_TRUE(checked.ok()) << checked.error().message;
    EXPECT_TRUE(checked->status.ok()) << program << ": " << checked->out << checked->err;
  }
  std::string token_of(const std::string& account) {
    auto made = std::make_shared<corev1::ServiceAccount>();
    made->metadata.name = api::Str(account);
    made->metadata.namespace_ = "default";
    EXPECT_TRUE(admin().create<corev1::ServiceAccount>(made).ok());
    const auto issued = admin().call(informer::token_request("default", account, std::make_shared<authenticationv1::TokenRequest>()));
    EXPECT_TRUE(issued.ok());
    return issued.ok() ? api::as<authenticationv1::TokenRequest>(*issued)->status.token.str() : "";
  }
  bool promtool_missing_ = false;
};

TEST_F(Metrics, OfSeparateProgramsForThoseWhoMayReadThem) {
  Program& server = run_apiserver();
  Program& scheduler = run_component("scheduler", "scheduler", {"--bind-address", "127.0.0.1", "--secure-port", std::to_string(*free_port())});
  Program& manager = run_component("controller-manager", "controllers", {"--bind-address", "127.0.0.1", "--secure-port", std::to_string(*free_port()), "--node-monitor-grace-period", "1h"});
  make_node("n1");
  make_deployment("web", 3);
  ASSERT_TRUE(eventually([&] { return bound("web") == 3; })) << manager.log();

  const Identity masters = admin_identity(), component = component_identity("kube-scheduler");
  expect_all("apiserver", get(server.port(), "/metrics", {&masters, {}}).body, {of_process, of_server, of_watches});
  expect_all("scheduler", get(scheduler.port(), "/metrics", {&masters, {}}).body, {of_process, of_scheduler, of_client, of_election});
  expect_all("controller-manager", get(manager.port(), "/metrics", {&masters, {}}).body, {of_process, of_queues, of_client, of_election});

  const std::string token = token_of("prometheus"), stranger = token_of("stranger");
  for (const std::string& port : {scheduler.port(), manager.port()}) {
    for (const char* health : {"/healthz", "/livez", "/readyz"}) EXPECT_EQ(get(port, health).status, 200) << health;
    EXPECT_EQ(get(port, "/metrics").status, 403) << "anonymous";
    EXPECT_EQ(get(port, "/metrics", {nullptr, "no.such.token"}).status, 401);
    EXPECT_EQ(get(port, "/metrics", {nullptr, stranger}).status, 403) << "an account without a role";
    EXPECT_EQ(get(port, "/metrics", {&component, {}}).status, 403) << "a certificate without a role";
    EXPECT_EQ(get(port, "/elsewhere", {&masters, {}}).status, 404);
  }
  auto binding = std::make_shared<rbacv1::ClusterRoleBinding>();
  binding->metadata.name = "prometheus";
  binding->roleRef.apiGroup = "rbac.authorization.k8s.io";
  binding->roleRef.kind = "ClusterRole";
  binding->roleRef.name = "system:monitoring";
  auto& subject = binding->subjects.emplace_back();
  subject.kind = "ServiceAccount";
  subject.name = "prometheus";
  subject.namespace_ = "default";
  ASSERT_TRUE(admin().create<rbacv1::ClusterRoleBinding>(binding).ok());
  for (const std::string& port : {scheduler.port(), manager.port()}) EXPECT_EQ(get(port, "/metrics", {nullptr, token}).status, 200);
  if (promtool_missing_ && !HasFailure()) GTEST_SKIP() << "needs promtool (Debian: prometheus) to check the text; the names are there";
}

TEST_F(Metrics, OfTheWholeControlPlaneInOneProcess) {
  Program& all = run("all", {"all", "--dir", layout_.dir, "--bind-address", "127.0.0.1", "--secure-port", "0", "--node-monitor-grace-period", "1h"});
  server_url_ = "https://127.0.0.1:" + all.port();
  admin_ = std::move(*connect(kubeconfig(admin_identity()), "test"));
  make_node("n1");
  make_deployment("web", 3);
  ASSERT_TRUE(eventually([&] { return bound("web") == 3; })) << all.log();
  const Identity masters = admin_identity();
  expect_all("all", get(all.port(), "/metrics", {&masters, {}}).body, {of_process, of_server, of_scheduler, of_queues});
  if (promtool_missing_ && !HasFailure()) GTEST_SKIP() << "needs promtool (Debian: prometheus) to check the text; the names are there";
}

}  // namespace
}  // namespace plumb::cluster::testing
