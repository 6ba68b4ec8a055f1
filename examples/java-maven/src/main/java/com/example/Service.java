package com.example;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A small HTTP service that says which architecture its Java runtime is for. */
public final class Service {
  private static final Logger LOG = LoggerFactory.getLogger(Service.class);

  public static void main(String[] arguments) throws IOException {
    int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
    HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
    server.createContext("/arch", exchange -> {
      byte[] answer = (System.getProperty("os.arch") + "\n").getBytes();
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
      exchange.close();
    });
    server.start();
    LOG.info("listening on {}", port);
  }
}
