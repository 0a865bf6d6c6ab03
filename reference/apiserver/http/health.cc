#include "reference/apiserver/http/health.h"

#include "harness/base/metrics.h"
#include "reference/apiserver/server_metrics.h"

namespace plumb::apiserver {
namespace {

struct Check {
  std::string name;
  std::function<Status()> run;
};

// One endpoint with its checks: all of them, or the one the path names.
Route endpoint(const std::string& name, std::vector<Check> checks) {
  return {"/" + name, [name, checks](const CallPtr& call) {
            std::string failed, report;
            const auto excluded = call->query().all("exclude");
            for (const Check& check : checks) {
              if (std::find(excluded.begin(), excluded.end(), check.name) != excluded.end()) {
                report += "[+]" + check.name + " excluded: ok\n";
                continue;
              }
              const Status result = check.run();
              report += result.ok() ? "[+]" + check.name + " ok\n" : "[-]" + check.name + " failed: reason withheld\n";
              if (!result.ok()) failed += (failed.empty() ? "" : ",") + check.name;
            }
            if (!failed.empty()) return call->send_text(500, "text/plain; charset=utf-8", report + name + " check failed\n");
            const bool verbose = call->query().has("verbose");
            call->send_text(200, "text/plain; charset=utf-8", verbose ? report + name + " check passed\n" : "ok");
          },
          true};
}

Route single(const std::string& path, const Check& check) {
  return {path + "/" + check.name, [check](const CallPtr& call) {
            const Status result = check.run();
            if (result.ok()) return call->send_text(200, "text/plain; charset=utf-8", "ok");
            call->send_text(500, "text/plain; charset=utf-8", "internal server error: " + result.error().message + "\n");
          },
          true};
}

}  // namespace

std::vector<Route> health_routes(store::Store& store, WatchCache& cache) {
  publish_build_info();
  const Check ping{"ping", [] { return Status(); }};
  const Check log{"log", [] { return Status(); }};
  const Check etcd{"etcd", [&store] { return store.health(); }};
  const Check informers{"informer-sync", [&cache] {
                          return cache.ready() ? Status() : Status(fail(Code::unavailable, "the watch cache is being rebuilt"));
                        }};
  std::vector<Route> routes;
  const auto add = [&](const std::string& name, const std::vector<Check>& checks) {
    routes.push_back(endpoint(name, checks));
    for (const Check& check : checks) routes.push_back(single("/" + name, check));
  };
  add("healthz", {ping, log, etcd});
  add("livez", {ping, log, etcd});
  add("readyz", {ping, log, etcd, informers});
  routes.push_back({"/metrics", [&cache](const CallPtr& call) {
                      publish_counts(cache);
                      call->send_text(200, "text/plain; version=0.0.4; charset=utf-8", metrics::text());
                    },
                    true});
  routes.push_back({"/version", [](const CallPtr& call) {
                      call->send_text(200, "application/json",
                                      "{\n  \"major\": \"1\",\n  \"minor\": \"37\",\n  \"gitVersion\": \"" + std::string(served_version) +
                                          "\",\n  \"gitCommit\": \"\",\n  \"gitTreeState\": \"clean\",\n  \"buildDate\": \"1970-01-01T00:00:00Z\",\n"
                                          "  \"goVersion\": \"\",\n  \"compiler\": \"g++\",\n  \"platform\": \"linux/amd64\"\n}");
                    },
                    true});
  return routes;
}

}  // namespace plumb::apiserver
