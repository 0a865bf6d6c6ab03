// An extender: a program outside the scheduler that has a say in where pods go, asked over HTTP by the protocol of
// k8s.io/kube-scheduler/extender/v1. https://kubernetes.io/docs/concepts/extend-kubernetes/#scheduling-extensions
//
// Each question is one POST to urlPrefix/verb with a JSON body. What is sent is encoded, and what comes is read, on the reactor, away from
// whoever asks. An answer that is not 200, does not come within `timeout`, is no JSON of the right form or longer than longest_answer is
// an error; so is an answer whose member Error is not empty.
//
// Safe from any thread. `done` runs once, on the reactor, and must not block.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/net/client.h"
#include "reference/api/types/corev1.h"
#include "reference/scheduler/extender_messages.h"

namespace plumb::scheduler {

// As in a KubeSchedulerConfiguration; "" for a verb that it does not have.
struct ExtenderOptions {
  std::string url_prefix, filter_verb, prioritize_verb, preempt_verb, bind_verb;
  std::int64_t weight = 0;  // of its scores; above zero where it has a prioritize_verb
  bool https = false;       // enableHTTPS: without a CA the server's certificate is not verified
  struct Tls {
    bool insecure = false;
    std::string server_name, cert_file, key_file, ca_file;  // "": none, or the data
    std::string cert_data, key_data, ca_data;               // PEM
  };
  std::optional<Tls> tls;
  Duration timeout = std::chrono::seconds(5);
  bool node_cache_capable = false;         // it knows the nodes: names are sent
  std::set<std::string> managed_resources;  // it is asked about pods with one of these alone; none: about all
  bool ignorable = false;                  // its failures do not hold pods back
};

class Extender {
 public:
  static constexpr std::size_t longest_answer = 64 << 20;  // bytes

  // invalid_argument for a URL or TLS material that cannot be used. Does not connect. The reactor must live as long as questions are asked.
  static Result<std::shared_ptr<const Extender>> make(ExtenderOptions options, std::shared_ptr<net::Reactor> reactor);

  const ExtenderOptions& options() const { return options_; }
  const std::string& name() const { return options_.url_prefix; }
  bool filters() const { return !options_.filter_verb.empty(); }
  bool prioritizes() const { return !options_.prioritize_verb.empty(); }
  bool preempts() const { return !options_.preempt_verb.empty(); }
  bool binds() const { return !options_.bind_verb.empty(); }
  // Whether a container of the pod asks for one of its resources, or it manages none in particular.
  bool is_interested(const corev1::Pod& pod) const;

  using PodPtr = std::shared_ptr<const corev1::Pod>;
  using Nodes = std::vector<std::shared_ptr<const corev1::Node>>;
  template <class T>
  using Done = std::function<void(Result<T>)>;
  // Of the nodes, which may take the pod? Names of others in the answer are an error.
  void filter(PodPtr pod, Nodes nodes, Done<ExtenderFilterResult> done) const;
  // Scores from 0 to 10 as a rule; not checked.
  void prioritize(PodPtr pod, Nodes nodes, Done<HostPriorities> done) const;
  // Where may room be made, and which of the victims have to go? The answer keeps to the rooms asked about and their nodes' pods.
  void preempt(PodPtr pod, std::vector<Room> rooms, Done<MetaVictims> done) const;
  void bind(PodPtr pod, std::string node, Done<void> done) const;

 private:
  Extender(ExtenderOptions options, std::string path, std::shared_ptr<net::HttpClient> client)
      : options_(std::move(options)), path_(std::move(path)), client_(std::move(client)) {}
  void post(const std::string& verb, std::function<std::string()> encode, std::function<void(Result<std::string>)> done) const;

  const ExtenderOptions options_;
  const std::string path_;  // of the URL, without a slash at its end
  const std::shared_ptr<net::HttpClient> client_;
};

// What a configuration may not say of its extenders: "extenders[1].weight: …". One at most may bind.
Status check_extenders(const std::vector<ExtenderOptions>& extenders);

}  // namespace plumb::scheduler
