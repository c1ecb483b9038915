/** NestJS microservices over TCP, its decorators called as functions: `nest-tcp-server.ts PORT` */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Transport } from '@nestjs/microservices';

class EchoController {
  echo(note: object): object {
    return note;
  }
}
Controller()(EchoController);
MessagePattern('echo')(
  EchoController.prototype,
  'echo',
  Object.getOwnPropertyDescriptor(EchoController.prototype, 'echo')!,
);

class EchoModule {}
Module({ controllers: [EchoController] })(EchoModule);

const server = await NestFactory.createMicroservice(EchoModule, {
  transport: Transport.TCP,
  options: { host: '127.0.0.1', port: Number(process.argv[2]) },
  logger: false,
});
await server.listen();
