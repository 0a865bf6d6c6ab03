// An extender in this process, which says and does what a test wants.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "harness/net/server.h"
#include "reference/api/doc/document.h"
#include "reference/scheduler/extender.h"

namespace plumb::scheduler::testing {

class FakeExtender {
 public:
  // May answer later, or never. `args` is what was sent.
  using Behaviour = std::function<void(const api::Doc& args, net::ResponseWriter answer)>;

  FakeExtender() {
    auto server = net::Server::start({.name = "extender"}, [this](net::Request request, net::ResponseWriter answer) { take(request, std::move(answer)); });
    EXPECT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  ~FakeExtender() { server_->stop(Duration::zero()); }

  // With all verbs but bind, and a weight of 1.
  ExtenderOptions options() const {
    ExtenderOptions options;
    options.url_prefix = "http://127.0.0.1:" + std::to_string(server_->port()) + "/v1/";
    options.filter_verb = "filter";
    options.prioritize_verb = "prioritize";
    options.preempt_verb = "preempt";
    options.weight = 1;
    options.node_cache_capable = true;
    return options;
  }

  void on(const std::string& verb, Behaviour behaviour) {
    std::lock_guard lock(mutex_);
    behaviours_["/v1/" + verb] = std::move(behaviour);
  }
  void on(const std::string& verb, const std::string& json, int status = 200) {
    on(verb, [json, status](const api::Doc&, net::ResponseWriter answer) { answer.send(status, {{"content-type", "application/json"}}, json); });
  }
  // What it was asked: "filter web a b", with the nodes.
  std::vector<std::string> asked() const {
    std::lock_guard lock(mutex_);
    return asked_;
  }
  // The last request as it came.
  std::string last() const {
    std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  static std::string name_of(const api::Doc& args) {
    return std::string(args.find("Pod") ? args["Pod"]["metadata"]["name"].as_string() : args["PodName"].as_string());
  }
  static std::string nodes_of(const api::Doc& args) {
    std::string text;
    for (const api::Doc& name : args["NodeNames"].items()) text += " " + std::string(name.as_string());
    for (const api::Doc& node : args["Nodes"]["items"].items()) text += " " + std::string(node["metadata"]["name"].as_string());
    for (const char* victims : {"NodeNameToVictims", "NodeNameToMetaVictims"})
      for (const api::Doc::Member& node : args[victims].members()) text += " " + std::string(node.name());
    return text + (args.find("Node") ? " " + std::string(args["Node"].as_string()) : "");
  }
  void take(const net::Request& request, net::ResponseWriter answer) {
    const auto args = api::parse_json(request.body);
    Behaviour behaviour;
    {
      std::lock_guard lock(mutex_);
      last_ = request.method + " " + request.path + " " + request.body;
      if (args.ok()) asked_.push_back(request.path.substr(4) + " " + name_of(*args) + nodes_of(*args));
      const auto found = behaviours_.find(request.path);
      if (found != behaviours_.end()) behaviour = found->second;
    }
    if (behaviour && args.ok()) behaviour(*args, std::move(answer));
    else answer.send(404, {}, "no such verb");
  }

  std::unique_ptr<net::Server> server_;
  mutable std::mutex mutex_;
  std::map<std::string, Behaviour> behaviours_;  // under mutex_
  std::vector<std::string> asked_;               // under mutex_
  std::string last_;                             // under mutex_
};

// A filter that lets those nodes pass.
inline FakeExtender::Behaviour allowing(std::vector<std::string> names) {
  return [names = std::move(names)](const api::Doc& args, net::ResponseWriter answer) {
    std::vector<api::Doc> left;
    for (const api::Doc& node : args["NodeNames"].items())
      for (const std::string& name : names)
        if (node.as_string() == name) left.push_back(node);
    answer.send(200, {}, api::Doc::object({{"NodeNames", api::Doc::array(std::move(left))}}).to_json());
  };
}

}  // namespace plumb::scheduler::testing
